/** The files of a random model: what each is, and whether one that is there is that. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isPlainObject } from '../checks/index.js';
import { LIMITS, parseJson, readBounded, readText, temporaryIn, writeWhole } from '../system/index.js';
import { byteLetters, WORD_END } from '../text/index.js';
import type { Shapes } from './random-weights.js';
import { areRandomWeights, weightBytes, writeRandomWeights } from './random-weights.js';

type Module = 'textEncoder' | 'vaeEncoder' | 'unet';
/** Shapes of the parameters of each network. */
export type ModelShapes = Readonly<Record<Module, Shapes>>;

/** A file of a random model. */
export interface Part {
  /** Its path below the model's folder. */
  readonly file: string;
  /** About, on the disk. */
  readonly bytes: number;
  /** @throws what the file system throws, also where there is none */
  isWritten(folder: string): Promise<boolean>;
  /** Whole, or not at all. @throws {InvSegError} `OUTPUT_FAILED`; `ABORTED` */
  write(folder: string, signal: AbortSignal | undefined): Promise<void>;
}

const FILES: Readonly<Record<Module, string>> = {
  textEncoder: 'text_encoder/model.safetensors',
  vaeEncoder: 'vae/diffusion_pytorch_model.safetensors',
  unet: 'unet/diffusion_pytorch_model.safetensors',
};
const INDEX = 'model_index.json';
const VOCABULARY = 49408;

/** In the order in which they are written: the index first, since its mark says whose the others are. */
export function partsOf(name: string, shapes: ModelShapes): Part[] {
  const index = {
    _class_name: 'StableDiffusionPipeline',
    _random: name,
    _comment: 'weights of invseg bench --random: they see nothing',
  };
  return [
    // By its mark: what else stands in it is no concern of ours.
    {
      ...textPart(INDEX, `${JSON.stringify(index, null, 2)}\n`),
      isWritten: async (folder) => (await markOf(folder)) === name,
    },
    textPart('tokenizer/vocab.json', JSON.stringify(vocabulary())),
    textPart('tokenizer/merges.txt', '#version: 0.2\n'),
    ...(Object.keys(FILES) as Module[]).map((module, seed) => weightsPart(FILES[module], shapes[module], seed)),
  ];
}

/**
 * The model whose random weights the folder's index marks.
 * @returns undefined where there is no index; null for one without a mark
 * @throws {FileError} for one that cannot be read
 */
export async function markOf(folder: string): Promise<string | null | undefined> {
  let text: string;
  try {
    text = await readText(path.join(folder, INDEX), LIMITS.manifest);
  } catch (error) {
    if ((error as { missing?: boolean }).missing) return undefined;
    throw error;
  }
  try {
    const index = parseJson(text);
    return isPlainObject(index) && typeof index['_random'] === 'string' ? index['_random'] : null;
  } catch {
    return null;
  }
}

function textPart(file: string, text: string): Part {
  return {
    file,
    bytes: Buffer.byteLength(text),
    isWritten: async (folder) => (await readBounded(path.join(folder, file), LIMITS.list)).equals(Buffer.from(text)),
    write: (folder) => writeWhole(path.join(folder, file), text),
  };
}

function weightsPart(file: string, shapes: Shapes, seed: number): Part {
  return {
    file,
    bytes: weightBytes(shapes),
    isWritten: (folder) => areRandomWeights(path.join(folder, file), shapes),
    async write(folder, signal) {
      const target = path.join(folder, file);
      const temporary = temporaryIn(path.dirname(target));
      try {
        await writeRandomWeights(temporary, shapes, { seed, signal });
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw error;
      }
    },
  };
}

/** CLIP's bytes, alone and ending a word, and no merges: a name has a token a letter, which costs the engine nothing. */
function vocabulary(): Record<string, number> {
  const tokens = [...byteLetters, ...byteLetters.map((letter) => letter + WORD_END)];
  while (tokens.length < VOCABULARY - 2) tokens.push(`<unused ${tokens.length}>`);
  return Object.fromEntries([...tokens, '<|startoftext|>', '<|endoftext|>'].map((token, id) => [token, id]));
}
