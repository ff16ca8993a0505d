/** A model of full size with random weights: speed and memory do not depend on the values, and nothing is downloaded. */
import { mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneOf, record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { LIMITS, makeFolder, readText } from '../system/index.js';
import { byteLetters, WORD_END } from '../text/index.js';
import type { Shapes } from './random-weights.js';
import { weightBytes, writeRandomWeights } from './random-weights.js';

/** Models that `randomModel` makes. */
export const randomModels = Object.freeze(['sd21'] as const);
/** `sd21`: Stable Diffusion 2.1. */
export type RandomModelName = (typeof randomModels)[number];

/** Options of `randomModel`. */
export interface RandomModelOptions {
  /** Where the weights are kept for the next time; those that are there are used. Default: a temporary folder, which `dispose` removes. */
  folder?: string | undefined;
  /** Ends the call with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** A model of full size that sees nothing. Disposing of it removes its folder, unless the caller named one. */
export interface RandomModel extends AsyncDisposable {
  /** In diffusers layout, for `Segmenter.open({ model })`. To be disposed of after the segmenter. */
  folder: string;
}

type Module = 'textEncoder' | 'vaeEncoder' | 'unet';
const FILES: Readonly<Record<Module, string>> = {
  textEncoder: 'text_encoder/model.safetensors',
  vaeEncoder: 'vae/diffusion_pytorch_model.safetensors',
  unet: 'unet/diffusion_pytorch_model.safetensors',
};
/** Written last: a folder that has it is whole. */
const INDEX = 'model_index.json';
const VOCABULARY = 49408;
/** Beside the weights: the tokenizer, and what a file system takes for itself. */
const SPARE = 64 * 2 ** 20;

/**
 * Writes a model of full size with random weights, 2.5 GB (bfloat16), in a minute or less: speed and memory do not
 * depend on the values.
 *
 * @param name `sd21`
 * @param options the folder, where the weights should be kept
 * @returns the folder, for `Segmenter.open({ model })`
 * @throws {InvSegError} `INVALID_OPTION`; `OUTPUT_FAILED`, also where the disk has not so much room; `ABORTED`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { bench, randomModel } from 'invseg-native/bench';
 *
 * await using model = await randomModel('sd21');
 * await using segmenter = await Segmenter.open({ model: model.folder });
 * const { stages } = await bench({ segmenter, picture: 'cat.jpg', categories: ['cat'], random: true });
 * console.log(stages.total);
 * ```
 */
export async function randomModel(name: RandomModelName, options: RandomModelOptions = {}): Promise<RandomModel> {
  oneOf(...randomModels).read(name, 'the random model');
  record(options, 'options', 'an object with folder or signal');
  const { folder: kept, signal } = options;
  if (kept !== undefined && (typeof kept !== 'string' || kept === ''))
    throw new InvSegError('INVALID_OPTION', 'Expected a path for folder');
  const shapes = await readShapes(name);
  if (kept !== undefined) {
    const folder = path.resolve(kept);
    if (!(await isThere(path.join(folder, INDEX)))) await write(folder, shapes, signal);
    return { folder, [Symbol.asyncDispose]: async () => {} };
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'invseg-random-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await write(folder, shapes, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: remove };
}

async function readShapes(name: RandomModelName): Promise<Record<Module, Shapes>> {
  // The same two steps up from lib/bench and from dist/bench.
  const file = fileURLToPath(new URL(`../../models/${name}/parameters.json`, import.meta.url));
  return JSON.parse(await readText(file, LIMITS.manifest)) as Record<Module, Shapes>;
}

async function write(folder: string, shapes: Record<Module, Shapes>, signal: AbortSignal | undefined): Promise<void> {
  try {
    for (const name of ['text_encoder', 'vae', 'unet', 'tokenizer']) await makeFolder(path.join(folder, name));
    await checkRoom(folder, shapes);
    await writeFile(path.join(folder, 'tokenizer/vocab.json'), JSON.stringify(vocabulary()));
    await writeFile(path.join(folder, 'tokenizer/merges.txt'), '#version: 0.2\n');
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw new InvSegError('OUTPUT_FAILED', `Cannot write in ${folder}: ${(cause as Error).message}`, { cause });
  }
  for (const [seed, module] of (Object.keys(FILES) as Module[]).entries())
    await writeRandomWeights(path.join(folder, FILES[module]), shapes[module], { seed, signal });
  const index = {
    _class_name: 'StableDiffusionPipeline',
    _random: 'weights of invseg bench --random: they see nothing',
  };
  await writeFile(path.join(folder, INDEX), `${JSON.stringify(index, null, 2)}\n`);
}

async function checkRoom(folder: string, shapes: Record<Module, Shapes>): Promise<void> {
  const needed = Object.values(shapes).reduce((sum, one) => sum + weightBytes(one), SPARE);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new InvSegError(
    'OUTPUT_FAILED',
    `Expected room for ${gigabytes(needed)} of random weights in ${folder} but there are ${gigabytes(bavail * bsize)}; name a folder elsewhere`,
  );
}

/** CLIP's bytes, alone and ending a word, and no merges: a name has a token a letter, which costs the engine nothing. */
function vocabulary(): Record<string, number> {
  const tokens = [...byteLetters, ...byteLetters.map((letter) => letter + WORD_END)];
  while (tokens.length < VOCABULARY - 2) tokens.push(`<unused ${tokens.length}>`);
  return Object.fromEntries([...tokens, '<|startoftext|>', '<|endoftext|>'].map((token, id) => [token, id]));
}

const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined))?.isFile() ?? false;
