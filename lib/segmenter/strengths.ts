/** Labels for other thresholds of the background, without another pass. */
import { show } from '../options/rules.js';
import { InvSegError } from '../errors.js';
import type { Strengths } from './types.js';

/**
 * [height × width] labels as the rule `threshold` gives them: the background wherever no category reaches `threshold`.
 *
 * The rule `complement` is the threshold (3 − √5)/2.
 *
 * @param threshold in [0, 1] @throws {InvSegError} `INVALID_OPTION`
 */
export function labelsAt({ foreground, strength, background }: Strengths, threshold: number): Uint8Array {
  if (typeof threshold !== 'number' || !(threshold >= 0 && threshold <= 1)) {
    throw new InvSegError('INVALID_OPTION', `Expected a number from 0 to 1 for threshold but received ${show(threshold)}`);
  }
  const least = Math.fround(threshold); // strengths are float32 too
  return foreground.map((label, i) => (strength[i]! < least ? background : label));
}
