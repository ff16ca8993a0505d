/**
 * Pixels of one picture, class by class: what every metric is made of. Counts add up in any order, so shards of a data set,
 * resumed runs and resampled pictures all come from the same small records.
 */
import { InvSegError } from '../errors.js';

/** Pixels by class, [classes] each. Pixels whose truth is no class (255, ignored) are in none of the three. */
export interface ClassCounts {
  /** Labelled and predicted as the class (true positives). */
  hit: Float64Array;
  /** Labelled as the class. */
  truth: Float64Array;
  /** Predicted as the class, where the truth is a class. */
  predicted: Float64Array;
}

export function emptyCounts(classes: number): ClassCounts {
  return { hit: new Float64Array(classes), truth: new Float64Array(classes), predicted: new Float64Array(classes) };
}

/**
 * Compares one prediction with its ground truth.
 *
 * @param truth [pixels] class, or any value ≥ `classes` for a pixel that does not count
 * @param predicted [pixels] class, all < `classes`
 * @param classes number of classes, the background included where it is one
 * @throws {InvSegError} `SHAPE_MISMATCH` for different lengths or a predicted value that is no class
 */
export function countPixels(truth: Uint8Array, predicted: Uint8Array, classes: number): ClassCounts {
  if (truth.length !== predicted.length) {
    throw new InvSegError('SHAPE_MISMATCH', `Expected ${truth.length} predicted labels, one a pixel of the truth, but received ${predicted.length}`);
  }
  const counts = emptyCounts(classes);
  for (let i = 0; i < truth.length; i++) {
    const [label, guess] = [truth[i]!, predicted[i]!];
    if (guess >= classes) {
      throw new InvSegError('SHAPE_MISMATCH', `Expected predicted labels below ${classes} but received ${guess} at pixel ${i}`);
    }
    if (label >= classes) continue;
    counts.truth[label]!++;
    counts.predicted[guess]!++;
    if (label === guess) counts.hit[label]!++;
  }
  return counts;
}

/** Adds `times` × `counts` to `sum`, in place. */
export function addCounts(sum: ClassCounts, counts: ClassCounts, times = 1): void {
  for (const key of ['hit', 'truth', 'predicted'] as const) {
    const [to, from] = [sum[key], counts[key]];
    for (let c = 0; c < to.length; c++) to[c]! += times * from[c]!;
  }
}

/** @param times how often each picture counts; once each where it is left out */
export function sumCounts(list: readonly ClassCounts[], classes: number, times?: ArrayLike<number>): ClassCounts {
  const sum = emptyCounts(classes);
  list.forEach((counts, i) => {
    const weight = times ? times[i]! : 1;
    if (weight !== 0) addCounts(sum, counts, weight);
  });
  return sum;
}
