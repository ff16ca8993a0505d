/** What a diagnosis says, in words. */
import type { Estimate } from '../scores/index.js';
import type { Diagnosis, VariantFinding } from './types.js';
import { DEFAULT_VARIANT } from './variants.js';

const hundredths = (value: number): string => (100 * value).toFixed(0);

/** Below it, resampled images say nothing about others. */
const LEAST = 10;

/** `28 % [22, 35]` */
export const share = ({ value, low, high }: Estimate): string =>
  `${hundredths(value)} % [${hundredths(low)}, ${hundredths(high)}]`;

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(100 * value).toFixed(1)}`;

/** `−1.8 [−4.3, +0.8]`, in points. */
export const points = ({ value, low, high }: Estimate): string => `${signed(value)} [${signed(low)}, ${signed(high)}]`;

/** A sentence or three: whether the loss points at the truth, and whether the masks say so too. */
export function verdict({ variants, ids }: Diagnosis): string {
  const own = variants.find(({ name }) => name === DEFAULT_VARIANT);
  const lines = own?.loss ? [lossSentence(own.loss)] : [];
  if (ids.length < LEAST)
    return [...lines, `${ids.length} of at least ${LEAST} images: too few to say what the loop changes.`].join('\n');
  if (own?.masks)
    lines.push(`The loop changes mIoU by ${points(own.masks.difference)} points: ${effect(own.masks.difference)}.`);
  const gains = variants
    .filter(({ masks }) => masks && masks.difference.low > 0)
    .sort((a, b) => b.masks!.difference.value - a.masks!.difference.value);
  const tried = variants.filter(({ masks }) => masks).length;
  if (tried > 1) {
    lines.push(
      gains.length === 0
        ? `None of ${tried} variants gains more than chance on these ${ids.length} images.`
        : `${gains.length} of ${tried} variants gain more than chance on these ${ids.length} images, most of all "${gains[0]!.name}" with ${points(gains[0]!.masks!.difference)}${tried > 5 ? '; with so many tried, some would by luck: repeat the best on other images' : ''}.`,
    );
  }
  return lines.join('\n');
}

function lossSentence({ truthBelowHard }: NonNullable<VariantFinding['loss']>): string {
  const { low, high } = truthBelowHard;
  const said =
    low > 0.5
      ? 'the loss points at the truth'
      : high < 0.5
        ? 'the loss does not point at the truth here'
        : 'whether the loss points at the truth cannot be told';
  return `The truth scores lower than the hard prediction in ${share(truthBelowHard)} of the images: ${said}.`;
}

function effect({ low, high }: Estimate): string {
  if (low > 0) return 'a gain beyond chance';
  return high < 0 ? 'a loss beyond chance' : 'no more than chance';
}
