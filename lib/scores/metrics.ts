/** IoU and accuracy from counts, in the field's definitions: one confusion over the whole data set, means over classes. */
import { isPlainObject, oneOf, refuse } from '../checks/index.js';
import type { ClassCounts } from './counts.js';

/**
 * What a class counts that no pixel has, neither in truth nor in prediction: `nan-mean` leaves it out of the means, `zero`
 * counts it as 0, `present-only` also leaves out classes that are predicted but never in the truth.
 */
export const absentRules = Object.freeze(['nan-mean', 'zero', 'present-only'] as const);
/**
 * How classes without a pixel count in the means, see `absentRules`.
 *
 * @useDeclaredType
 */
export type AbsentRule = (typeof absentRules)[number];

/** Fractions in [0, 1]; NaN where nothing can be said. */
export interface Metrics {
  /** Mean IoU over classes, the background included where it is one. */
  mIoU: number;
  /** Mean over classes of the share of its labelled pixels that were found. */
  mAcc: number;
  /** Share of all labelled pixels that are right. */
  aAcc: number;
  /** [classes] intersection over union. */
  iou: number[];
  /** [classes] share of the labelled pixels that were found. */
  accuracy: number[];
}

/**
 * IoU = TP / (T + P − TP) and accuracy = TP / T of each class, and their means under the rule.
 *
 * @param counts [classes] of each count
 * @param rule how classes without a pixel count; default `nan-mean`
 * @returns fractions in [0, 1]; NaN where nothing can be said
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { metricsOf } from 'invseg-native/evaluation';
 *
 * const counts = (...values: number[]) => Float64Array.from(values);
 * const { iou, mIoU } = metricsOf({ hit: counts(6, 3), truth: counts(8, 4), predicted: counts(7, 5) });
 * console.log(iou, mIoU); // [ 2/3, 1/2 ], 7/12
 * ```
 */
export function metricsOf(counts: ClassCounts, rule: AbsentRule = 'nan-mean'): Metrics {
  if (!isPlainObject(counts) || !(counts.hit instanceof Float64Array)) refuse('counts', 'counts of classes', counts);
  oneOf(...absentRules).read(rule, 'rule');
  const { hit, truth, predicted } = counts;
  const iou = Array.from(hit, (value, c) => value / (truth[c]! + predicted[c]! - value));
  const accuracy = Array.from(hit, (value, c) => value / truth[c]!);
  const counted = (value: number, c: number): number | undefined => {
    if (rule === 'zero') return Number.isNaN(value) ? 0 : value;
    if (rule === 'present-only' && truth[c] === 0) return undefined;
    return Number.isNaN(value) ? undefined : value;
  };
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  return {
    mIoU: mean(iou.map(counted)),
    mAcc: mean(accuracy.map(counted)),
    aAcc: sum(hit) / sum(truth),
    iou,
    accuracy,
  };
}

/**
 * The mean IoU of resampled pictures, over the classes that it was taken over on all of them. A resampling may have
 * no pixel of a class; were the class left out then, the mean would be another quantity, and the more the lower the
 * class's IoU is. It keeps the value that it has on all pictures instead.
 *
 * @param whole counts of all pictures
 * @returns mean IoU of a resampling's counts; of `whole` itself `metricsOf(whole, rule).mIoU`
 */
export function meanIoUOf(whole: ClassCounts, rule: AbsentRule = 'nan-mean'): (counts: ClassCounts) => number {
  const union = ({ hit, truth, predicted }: ClassCounts, c: number): number => truth[c]! + predicted[c]! - hit[c]!;
  const isAbsent = (counts: ClassCounts, c: number): boolean =>
    union(counts, c) === 0 || (rule === 'present-only' && counts.truth[c] === 0);
  const value = (counts: ClassCounts, c: number): number => counts.hit[c]! / union(counts, c);
  const classes = Array.from(whole.truth.keys()).filter((c) => rule === 'zero' || !isAbsent(whole, c));
  const own = classes.map((c) => (isAbsent(whole, c) ? 0 : value(whole, c)));
  return (counts) => mean(classes.map((c, i) => (isAbsent(counts, c) ? own[i]! : value(counts, c))));
}

function mean(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? NaN : known.reduce((a, b) => a + b, 0) / known.length;
}
