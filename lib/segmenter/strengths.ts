/** Labels for other thresholds of the background, without another pass. */
import { typedArray } from '../arrays.js';
import { integer, isPlainObject, number, refuse } from '../checks/index.js';
import type { Strengths } from './types.js';

/**
 * [height × width] labels as the rule `threshold` gives them: the background wherever no category reaches `threshold`.
 *
 * The rule `complement` is the threshold (3 − √5)/2.
 *
 * @param threshold in [0, 1] @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`
 */
export function labelsAt(strengths: Strengths, threshold: number): Uint8Array {
  if (!isPlainObject(strengths)) refuse('strengths', "a result's strengths, which saveStrengths asks for,", strengths);
  const pixels = Math.max(1, strengths.strength?.length ?? 0);
  const strength = typedArray('Float32Array', strengths.strength, 'strengths.strength', pixels, '[height × width]');
  const foreground = typedArray('Uint8Array', strengths.foreground, 'strengths.foreground', pixels, '[height × width]');
  const background = integer(0, 255).read(strengths.background, 'strengths.background');
  number({ min: 0, max: 1 }).read(threshold, 'threshold');
  const least = Math.fround(threshold); // strengths are float32 too
  return foreground.map((label, i) => (strength[i]! < least ? background : label));
}
