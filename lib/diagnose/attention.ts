/** The attention of one pass over the whole picture, in the form that the loss reads. */

import { InvSegError } from '../errors.js';
import { refineAttention } from '../functions/index.js';
import type { MethodContext } from '../methods/index.js';
import { attend, mergeWords, readRaw, without } from '../methods/index.js';

export interface SeenAttention {
  /** Side of the frame. */
  side: number;
  /** [points × points], rows of sum 1. */
  self: Float32Array;
  /** [points × categories] before eq. 2; a background that comes from a rule has no map. */
  cross: Float32Array;
  /** [points × categories] after eq. 2. */
  refined: Float32Array;
  /** Categories that have a map. */
  categories: number;
}

/**
 * What the loop's loss would see on the whole picture at the timestep and noise of the prediction, prompt as written.
 * @throws {InvSegError} `INVALID_OPTION` where the loop's layers have no attention of one kind
 */
export async function readTraining(context: MethodContext): Promise<SeenAttention> {
  const { prompts, selections, options } = context;
  const { training, frame: side } = selections;
  const maps = await attend(context, context.embedding, null, training, side);
  if (!maps.self || !maps.cross) {
    const kind = maps.self ? 'cross' : 'self';
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected ${kind}-attention that the loop reads but trainingResolutions and layers leave none`,
    );
  }
  const words = context.own(await maps.cross.categories(prompts.spans, options.attention.subtokens));
  const merged = await mergeWords(context, words);
  const [self, cross, categories] = [await maps.self.read(), await merged.read(), merged.shape[2]!];
  maps.self.dispose(); // the largest by far
  const refined = refineAttention({
    self,
    cross,
    points: side * side,
    categories,
    iterations: options.attention.refineIterations,
  }).value;
  return { side, self, cross, refined, categories };
}

/**
 * Mean entropy of the rows of each resolution's self-attention over log N: 1 is flat, 0 is one point. By side. A number for the reader:
 * the loss's entropy (eq. 9) is that of the categories, which says nothing of a row.
 */
export async function rowEntropies(context: MethodContext): Promise<Record<number, number>> {
  const { selections, prompts } = context;
  const raw = await readRaw(context, without('cross', selections.inference));
  const entropies: Record<number, number> = {};
  for (const map of raw.self) {
    if (!map) continue;
    const points = Math.round(Math.sqrt(map.length / prompts.count));
    let total = 0;
    for (const p of map) if (p > 0) total -= p * Math.log(p);
    entropies[Math.round(Math.sqrt(points))] = total / (points * prompts.count) / Math.log(points);
  }
  return entropies;
}
