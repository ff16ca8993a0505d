/** A model of full size with random weights: speed and memory do not depend on the values, and nothing is downloaded. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSignal, oneOf, pathText, record, refuse, rejectUnknown } from '../checks/index.js';
import { LIMITS, readText, temporaryFolder } from '../system/index.js';
import { keepParts, writeParts } from './random-folder.js';
import type { ModelShapes } from './random-parts.js';
import { partsOf } from './random-parts.js';

/** Models that `randomModel` makes. */
export const randomModels = Object.freeze(['sd21'] as const);
/** `sd21`: Stable Diffusion 2.1. */
export type RandomModelName = (typeof randomModels)[number];

/** Options of `randomModel`. */
export interface RandomModelOptions {
  /**
   * Where the weights are kept for the next time; those that are there are used. A folder that holds anything else is refused. Default: a
   * temporary folder, which goes with the model or the process.
   */
  folder?: string | undefined;
  /** Ends the call with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** A model of full size that sees nothing. Disposing of it removes its folder, unless the caller named one. */
export interface RandomModel extends AsyncDisposable {
  /** In diffusers layout, for `Segmenter.open({ model })`. To be disposed of after the segmenter. */
  folder: string;
}

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
  rejectUnknown(options, ['folder', 'signal']);
  const { folder, signal } = options;
  if (folder !== undefined) pathText.read(folder, 'folder');
  if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
  return makeRandomModel(name, await readShapes(name), options);
}

/** The same for networks of any size. */
export async function makeRandomModel(
  name: string,
  shapes: ModelShapes,
  { folder: kept, signal }: RandomModelOptions = {},
): Promise<RandomModel> {
  const parts = partsOf(name, shapes);
  if (kept !== undefined) {
    const folder = path.resolve(kept);
    await keepParts(folder, name, parts, signal);
    return { folder, [Symbol.asyncDispose]: async () => {} };
  }
  const folder = await temporaryFolder('invseg-random-');
  // A process that ends by itself, and does not dispose of it, leaves nothing either.
  const removeAtOnce = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeAtOnce);
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    process.off('exit', removeAtOnce);
  };
  try {
    await writeParts(folder, parts, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: remove };
}

async function readShapes(name: RandomModelName): Promise<ModelShapes> {
  // The same two steps up from lib/bench and from dist/bench.
  const file = fileURLToPath(new URL(`../../models/${name}/parameters.json`, import.meta.url));
  return JSON.parse(await readText(file, LIMITS.manifest)) as ModelShapes;
}
