/** A data set of small pictures in a temporary folder, and a segmenter that sees something in the pixels. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { InvSegError } from '../../lib/errors.js';
import type { Evaluated } from '../../lib/evaluation/types.js';
import type { RawImage } from '../../lib/image/decode.js';
import { resolveOptions } from '../../lib/options/index.js';
import type {
  BatchImage,
  BatchOutcome,
  SegmentAllOptions,
  SegmentOptions,
  SegmentResult,
} from '../../lib/segmenter/types.js';

export const CLASSES = ['cat', 'dog', 'sofa'];

export const [WIDTH, HEIGHT] = [12, 10];

/** Pixel → label of the truth: blocks that differ from picture to picture, some ignored pixels. */
export function truthOf(picture: number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    if (i % 17 === picture % 17) return 255;
    const block = Math.floor((i % WIDTH) / 4) + picture;
    return block % 4 === 3 && picture % 3 === 0 ? 0 : block % 4;
  });
}

export const idOf = (picture: number): string => `p${String(picture).padStart(4, '0')}`;

/** @returns its root */
export async function makeFolder(pictures: number): Promise<string> {
  const root = mkdtempSync(path.join(tmpdir(), 'invseg-evaluation-'));
  for (const name of ['images', 'masks', 'lists']) mkdirSync(path.join(root, name));
  writeFileSync(path.join(root, 'classes.txt'), CLASSES.join('\n'));
  for (let i = 0; i < pictures; i++) {
    const rgb = Uint8Array.from(
      { length: WIDTH * HEIGHT * 3 },
      (_, at) => (Math.imul(at + 1, 2654435761 + i * 40503) >>> 11) & 255,
    );
    const png = await sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(path.join(root, 'images', `${idOf(i)}.png`), png);
    writeFileSync(path.join(root, 'masks', `${idOf(i)}.png`), encodeLabels(truthOf(i), WIDTH, HEIGHT, vocPalette()));
  }
  return root;
}

/** What the segmenter below gives a pixel: an index into `categories` names, the background included. */
export const seen = (rgb: ArrayLike<number>, pixel: number, categories: number, salt = 0): number =>
  (rgb[pixel * 3]! + (rgb[pixel * 3 + 1]! >> 3) + salt) % categories;

export interface Behaviour {
  /** Another model: other labels. */
  salt?: number;
  delay?: number;
  /** Before each picture, with its number from 1. */
  onCall?: (call: number) => void;
  /** Segments of its own. */
  unnamed?: boolean;
  losses?: number;
  maps?: boolean;
  weightsName?: string;
  /** Pictures that its memory holds in one pass. */
  holds?: number;
  /** By its bytes, the picture that has no prediction; `together`: nor has any beside it. */
  spoils?: (rgb: ArrayLike<number>) => boolean;
  together?: boolean;
  /** Before each pass of several, with its number from 1. */
  onPass?: (pass: number) => void;
}

export class FakeSegmenter implements Evaluated {
  calls = 0;
  /** Sizes of the passes of several. */
  readonly passes: number[] = [];
  readonly asked: string[][] = [];
  readonly info: Evaluated['info'];

  constructor(readonly behaviour: Behaviour = {}) {
    const model = { name: behaviour.weightsName ?? 'fake', version: '1', folder: '/nowhere', resolutions: [32] };
    this.info = { model, device: 'cpu', deviceName: 'a test', dtype: 'float32' };
  }

  async *segmentAll(
    images: Iterable<BatchImage> | AsyncIterable<BatchImage>,
    { batch = 4, signal, ...options }: SegmentAllOptions = {},
  ): AsyncGenerator<BatchOutcome, void, undefined> {
    const all: BatchImage[] = [];
    for await (const image of images) all.push(image);
    for (let from = 0; from < all.length; from += batch) {
      const pass = all.slice(from, from + batch);
      this.passes.push(pass.length);
      this.behaviour.onPass?.(this.passes.length);
      if (signal?.aborted) throw new InvSegError('ABORTED', 'The call was aborted');
      if (this.behaviour.delay) await new Promise((resolve) => setTimeout(resolve, this.behaviour.delay));
      yield* this.#pass(pass, options, from);
    }
  }

  #pass(pass: readonly BatchImage[], options: SegmentAllOptions, first: number): BatchOutcome[] {
    const { holds = 64, spoils, together } = this.behaviour;
    const spoilt = pass.map(({ input }) => spoils?.((input as RawImage).data) ?? false);
    const shared =
      pass.length > holds
        ? new InvSegError('OUT_OF_MEMORY', 'a step ran out of memory')
        : together && spoilt.includes(true)
          ? new InvSegError('NOT_FINITE', 'a step failed')
          : undefined;
    return pass.map(({ input, categories }, i): BatchOutcome => {
      const error = shared ?? (spoilt[i] ? new InvSegError('NOT_FINITE', 'no number') : undefined);
      if (error) return { index: first + i, error };
      return { index: first + i, result: this.#result(input as RawImage, { ...options, categories }) };
    });
  }

  async segment(input: unknown, options: SegmentOptions): Promise<SegmentResult> {
    const { delay, onCall, holds = 1, spoils } = this.behaviour;
    this.calls++;
    onCall?.(this.calls);
    if (holds < 1) throw new InvSegError('OUT_OF_MEMORY', 'out of memory');
    if (spoils?.((input as RawImage).data)) throw new InvSegError('NOT_FINITE', 'no number');
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    return this.#result(input as RawImage, options);
  }

  #result({ data, width, height }: RawImage, options: SegmentOptions): SegmentResult {
    const { salt = 0, unnamed, losses = 2 } = this.behaviour;
    const {
      categories: names = [],
      signal: _,
      onProgress: __,
      saveMaps,
      saveStrengths: ___,
      compareLoss: ____,
      ...rest
    } = options;
    this.asked.push([...names]);
    const categories = unnamed ? ['1', '2'] : [...names, 'background'];
    const maps = saveMaps && {
      data: Float32Array.from({ length: categories.length * 16 }, (_, i) => ((i * 7) % 5) / 5),
      size: 4,
      categories,
    };
    return {
      width,
      height,
      labels: Uint8Array.from({ length: width * height }, (_, i) => seen(data, i, categories.length, salt)),
      categories,
      segments: [],
      losses: Array.from({ length: losses }, (_, i) => ({
        step: i + 1,
        timestep: 9,
        total: -1 - i + data[0]! / 1000,
        cluster: -2 - i,
        entropy: 1,
        intra: 0,
        inter: 0,
        gradientNorm: 0,
        milliseconds: 1,
      })),
      status: 'completed',
      timings: { queued: 0, decode: 0, text: 0.5, encode: 1, inversion: 2, predict: 3, total: 6 },
      prompts: [],
      warnings: data[0]! > 200 ? ['a bright corner'] : [],
      options: resolveOptions(rest),
      ...(maps && { maps }),
    };
  }
}

export const journalLines = (out: string): string[] =>
  readFileSync(path.join(out, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
