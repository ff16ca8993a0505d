/** Weights, pictures and folders that scripts/parity/vision_language_weights.py makes too, bit for bit. */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { RawImage } from '../../lib/image/decode.js';
import { writeClipFolder } from '../text/clip-fixture.js';

const HERE = import.meta.dirname;
export const HEAD = 'text_decoder.cls.predictions.decoder.weight';
/** Of CLIP's own vocabulary: 512 letters, these merges and two specials make 800 tokens. */
const MERGES = 286;
const END_BIAS = 5;
const END = 3;

export interface Caption {
  seed: number;
  prefix: string;
  beams: number;
  maxLength: number;
  tokens: number[];
  /** Left out where transformers gives none (one beam). */
  score?: number;
  text: string;
}

export interface Golden {
  shapes: Record<'clip' | 'blip', Record<string, number[]>>;
  pictures: { seed: number; width: number; height: number; clip: string; blip: string }[];
  clip: {
    imageStates: number[][];
    imageEmbeddings: number[][];
    texts: string[];
    ids: number[][];
    textStates: number[][];
    textEmbeddings: number[][];
    words: string[];
    wordStates: number[][];
  };
  tied: { captions: Caption[]; states: number[][] };
  untied: { captions: Caption[] };
}

export const golden = JSON.parse(await readFile(path.join(HERE, 'golden', 'golden.json'), 'utf8')) as Golden;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'invseg-vision-language-'));
  folders.push(folder);
  return folder;
}

/** A bundle of the tiny CLIP with its weights. */
export async function makeClip(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(path.join(HERE, 'models', 'clip'), folder, { recursive: true });
  await cp(await writeClipFolder(MERGES), path.join(folder, 'tokenizer'), { recursive: true });
  await writeFile(path.join(folder, 'model.safetensors'), makeWeights(golden.shapes.clip));
  return folder;
}

/** A bundle of the tiny BLIP; `tied`: the file has no head of its own. */
export async function makeBlip(tied: boolean): Promise<string> {
  const folder = await temporaryFolder();
  await cp(path.join(HERE, 'models', 'blip'), folder, { recursive: true });
  await mkdir(path.join(folder, 'tokenizer'));
  await cp(path.join(HERE, 'golden', 'vocab.txt'), path.join(folder, 'tokenizer', 'vocab.txt'));
  const { [HEAD]: head, ...rest } = golden.shapes.blip;
  await writeFile(path.join(folder, 'model.safetensors'), makeWeights(tied ? rest : { ...rest, [HEAD]: head! }));
  return folder;
}

/** [height × width × 3] ramps that wrap around and hyperbolas. */
export function makePicture(seed: number): RawImage & { data: Uint8Array } {
  const { width, height } = golden.pictures.find((picture) => picture.seed === seed)!;
  const data = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[i++] = (x * (3 + c) + y * (5 + 2 * c) * seed + ((x * y) >> 3)) & 255;
    }
  }
  return { data, width, height, channels: 3 };
}

/** A safetensors file of float32. */
function makeWeights(shapes: Record<string, number[]>): Buffer {
  const header: Record<string, unknown> = {};
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const values = Buffer.from(weights(name, shape).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [end, (end += values.length)] };
    parts.push(values);
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

function weights(name: string, shape: readonly number[]): Float32Array {
  const values = uniform(
    name,
    shape.reduce((product, side) => product * side, 1),
  );
  const fan = shape.slice(1).reduce((product, side) => product * side, 1);
  const isBias = name.endsWith('bias') || name.endsWith('class_embedding');
  const isTable = name.includes('embedding') && !name.includes('patch');
  const scale = isBias || shape.length === 1 ? 0.1 : isTable ? Math.sqrt(3) : Math.sqrt(6 / fan);
  const shift = !isBias && shape.length === 1 ? 1 : 0;
  const result = Float32Array.from(values, (value) => shift + scale * value);
  if (name.endsWith('cls.predictions.bias')) result[END] = 0.1 * values[END]! + END_BIAS;
  return result;
}

/** [count] in [−1, 1): CRC-32 of the name and the index, mixed as MurmurHash3 does at its end. */
function uniform(name: string, count: number): Float64Array {
  const seed = crc32(name);
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
    x ^= x >>> 16;
    x = Math.imul(x, 0x85ebca6b);
    x ^= x >>> 13;
    x = Math.imul(x, 0xc2b2ae35);
    x ^= x >>> 16;
    return (x >>> 0) / 2 ** 31 - 1;
  });
}

function crc32(text: string): number {
  let crc = ~0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
