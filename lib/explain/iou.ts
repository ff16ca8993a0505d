/** How well labels agree with the truth, on one picture. */
import { IGNORED } from '../labels/index.js';

/** How well labels agree with the truth, on one image. */
export interface Agreement {
  /** [classes] intersection over union in [0, 1]; null where neither the labels nor the truth have the class. */
  classes: (number | null)[];
  /** Mean of those that are not null. */
  mean: number;
}

/** @param labels,truth [pixels] class of each pixel */
export function agreement(labels: Uint8Array, truth: Uint8Array, classes: number): Agreement {
  const [both, ours, theirs] = [0, 1, 2].map(() => new Float64Array(256)) as [Float64Array, Float64Array, Float64Array];
  truth.forEach((expected, i) => {
    if (expected === IGNORED) return;
    const label = labels[i]!;
    theirs[expected]!++;
    ours[label]!++;
    if (label === expected) both[label]!++;
  });
  const values = Array.from({ length: classes }, (_, c) => {
    const union = ours[c]! + theirs[c]! - both[c]!;
    return union === 0 ? null : both[c]! / union;
  });
  const counted = values.filter((value) => value !== null);
  return { classes: values, mean: counted.reduce((sum, value) => sum + value, 0) / counted.length };
}
