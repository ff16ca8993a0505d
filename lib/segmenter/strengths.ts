/** Labels for other thresholds of the background, without another pass. */
import { typedArray } from '../arrays.js';
import { integer, isPlainObject, number, refuse } from '../checks/index.js';
import type { Strengths } from './types.js';

/**
 * Labels for another threshold of the background, without another pass: the background wherever no category reaches
 * the threshold, as the rule `threshold` has it. The rule `complement` is the threshold (3 − √5)/2.
 *
 * @param strengths of a result with `saveStrengths`
 * @param threshold in [0, 1]
 * @returns one byte per pixel, [height × width]
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`
 * @example
 * ```ts
 * import { labelsAt, Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * const { strengths } = await segmenter.segment('cat.jpg', {
 *   categories: ['cat'],
 *   saveStrengths: true,
 *   background: { rule: 'threshold' },
 * });
 * for (const threshold of [0.3, 0.5, 0.7]) console.log(threshold, labelsAt(strengths!, threshold));
 * ```
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
