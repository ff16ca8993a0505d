/**
 * Pixels of one picture, class by class: what every metric is made of. Counts add up in any order, so shards of a data set,
 * resumed runs and resampled pictures all come from the same small records.
 */
import { integer, refuse } from '../checks/index.js';
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

/** [class, hit, truth, predicted] of the classes that occur, by class. */
export type SparseCounts = [number, number, number, number][];

/** [truth, predicted, pixels] of the wrong pixels whose prediction is a class, by truth, then by prediction. */
export type Confused = [number, number, number][];

/** Pixels of one image: with the hits the confused pairs make the whole confusion matrix. */
export interface PixelCounts {
  /** Of the classes that occur. */
  counts: SparseCounts;
  /** Of the wrong pixels whose prediction is a class. */
  confused: Confused;
}

/** A predicted value that stands for no class: the pixel counts as labelled and as found by nobody. */
export const UNASSIGNED = 255;

/** Values of a byte. */
const VALUES = 256;

/**
 * Counts of no image, to add others to.
 *
 * @param classes number of classes, the background included where it is one
 * @returns zeros
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { addCounts, countPairs, dense, emptyCounts, metricsOf } from 'invseg-native/evaluation';
 *
 * const sum = emptyCounts(2);
 * const { counts } = countPairs(Uint8Array.of(0, 1, 1, 255), Uint8Array.of(0, 1, 0, 1), 2);
 * addCounts(sum, dense(counts, 2));
 * console.log(metricsOf(sum).iou); // [ 0.5, 0.5 ]
 * ```
 */
export function emptyCounts(classes: number): ClassCounts {
  integer(1, 255).read(classes, 'classes');
  return { hit: new Float64Array(classes), truth: new Float64Array(classes), predicted: new Float64Array(classes) };
}

/**
 * Compares one prediction with its ground truth.
 *
 * @param truth [pixels] class, or any value from `classes` on for a pixel that does not count
 * @param predicted [pixels] class, or 255 for a pixel that nobody found
 * @param classes at most 255, the background included where it is one
 * @returns pixels by class, and the confused pairs
 * @throws {InvSegError} `INVALID_OPTION`; `SHAPE_MISMATCH` for different lengths or a predicted value that is no class
 * @example
 * ```ts
 * import { countPairs } from 'invseg-native/evaluation';
 *
 * const { counts } = countPairs(Uint8Array.of(0, 1, 1, 255), Uint8Array.of(0, 1, 0, 1), 2);
 * console.log(counts); // [ [ 0, 1, 1, 2 ], [ 1, 1, 2, 1 ] ]: class, hit, truth, predicted
 * ```
 */
export function countPairs(truth: Uint8Array, predicted: Uint8Array, classes: number): PixelCounts {
  for (const [name, labels] of Object.entries({ truth, predicted }))
    if (!(labels instanceof Uint8Array)) refuse(name, 'a Uint8Array of labels', labels);
  integer(1, 255).read(classes, 'classes');
  if (truth.length !== predicted.length) {
    throw new InvSegError(
      'SHAPE_MISMATCH',
      `Expected ${truth.length} predicted labels, one per pixel of the truth, but received ${predicted.length}`,
    );
  }
  // Without a branch: this loop sees every pixel of the data set.
  const pairs = new Uint32Array(VALUES * VALUES);
  for (let i = 0; i < truth.length; i++) pairs[(truth[i]! << 8) | predicted[i]!]!++;
  refuseOthers(pairs, predicted, classes);

  const dense = emptyCounts(classes);
  const confused: Confused = [];
  for (let label = 0; label < classes; label++) {
    for (let guess = 0; guess < VALUES; guess++) {
      const pixels = pairs[(label << 8) | guess]!;
      if (pixels === 0) continue;
      dense.truth[label]! += pixels;
      if (guess >= classes) continue;
      dense.predicted[guess]! += pixels;
      if (guess === label) dense.hit[label]! += pixels;
      else confused.push([label, guess, pixels]);
    }
  }
  return { counts: sparse(dense), confused };
}

/** A prediction outside the classes is a fault of the caller's, also where the truth does not count. */
function refuseOthers(pairs: Uint32Array, predicted: Uint8Array, classes: number): void {
  for (let pair = 0; pair < pairs.length; pair++) {
    const guess = pair & (VALUES - 1);
    if (guess < classes || guess === UNASSIGNED || pairs[pair] === 0) continue;
    throw new InvSegError(
      'SHAPE_MISMATCH',
      `Expected predicted labels below ${classes} but received ${guess} at pixel ${predicted.indexOf(guess)}`,
    );
  }
}

export function sparse({ hit, truth, predicted }: ClassCounts): SparseCounts {
  const classes = Array.from(truth, (_, c): [number, number, number, number] => [c, hit[c]!, truth[c]!, predicted[c]!]);
  return classes.filter(([, , labelled, guessed]) => labelled > 0 || guessed > 0);
}

/**
 * One image's counts with a place for every class, as `addCounts` and `metricsOf` take them.
 *
 * @param counts of `countPairs`
 * @param classes number of classes, the background included where it is one
 * @returns [classes] of each count; zeros for classes that do not occur
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { countPairs, dense } from 'invseg-native/evaluation';
 *
 * const { counts } = countPairs(Uint8Array.of(0, 1), Uint8Array.of(0, 0), 3);
 * console.log(dense(counts, 3).truth.length); // 3
 * ```
 */
export function dense(counts: SparseCounts, classes: number): ClassCounts {
  if (!Array.isArray(counts)) refuse('counts', 'a list of counts, of countPairs', counts);
  const out = emptyCounts(classes);
  for (const [c, hit, truth, predicted] of counts) {
    out.hit[c] = hit;
    out.truth[c] = truth;
    out.predicted[c] = predicted;
  }
  return out;
}

/**
 * Adds counts up, in place, so that a data set's counts are the sum of its images'.
 *
 * @param sum [classes] of each count; changed
 * @param counts what is added
 * @param times how often; default once
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { addCounts, metricsOf } from 'invseg-native/evaluation';
 *
 * const counts = (...values: number[]) => Float64Array.from(values);
 * const sum = { hit: counts(0, 0), truth: counts(0, 0), predicted: counts(0, 0) };
 * addCounts(sum, { hit: counts(6, 3), truth: counts(8, 4), predicted: counts(7, 5) });
 * console.log(metricsOf(sum).mIoU);
 * ```
 */
export function addCounts(sum: ClassCounts, counts: ClassCounts, times = 1): void {
  for (const one of [sum, counts])
    if (!(one?.hit instanceof Float64Array)) refuse('counts', 'counts of classes (emptyCounts, dense)', one);
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
