import { describe, expect, it } from 'vitest';
import type { Diagnosis, VariantFinding } from '../../lib/diagnose/index.js';
import { verdict } from '../../lib/diagnose/index.js';

const none = { value: 0, low: 0, high: 0 };
const variant = (name: string, below: [number, number, number], gain: [number, number, number]): VariantFinding => {
  const of = ([value, low, high]: [number, number, number]) => ({ value, low, high });
  return {
    name,
    overrides: {},
    loss: { truthBelowHard: of(below), truthBelowSoft: none, truthBelowShifted: none, direction: none },
    masks: { baseline: 0.6, mIoU: none, difference: of(gain), fall: none, correlation: none },
  };
};
const diagnosis = (...variants: VariantFinding[]): Diagnosis =>
  ({
    ids: Array.from({ length: 12 }, (_, i) => `image ${i}`),
    left: [],
    variants,
    losses: {},
    rowEntropy: {},
    protocol: '',
    model: { name: 'm', version: '1', folder: '', resolutions: [] },
  }) as unknown as Diagnosis;

describe('verdict', () => {
  it('says that the loss misleads only where the whole interval does', () => {
    expect(verdict(diagnosis(variant('default', [0.28, 0.22, 0.35], [-0.018, -0.043, 0.008])))).toBe(
      'The truth scores lower than the hard prediction in 28 % [22, 35] of the images: the loss does not point at the truth here.\n' +
        'The loop changes mIoU by −1.8 [−4.3, +0.8] points: no more than chance.',
    );
    expect(verdict(diagnosis(variant('default', [0.45, 0.38, 0.52], [0, -0.01, 0.01])))).toContain('cannot be told');
    expect(verdict(diagnosis(variant('default', [0.8, 0.7, 0.9], [0.02, 0.01, 0.03])))).toMatch(
      /points at the truth.*\n.*a gain beyond chance/,
    );
  });

  it('names the best of several variants, and warns of luck', () => {
    const many = Array.from({ length: 6 }, (_, i) =>
      variant(`v${i}`, [0.5, 0.4, 0.6], [i / 100, i === 5 ? 0.01 : -0.01, 0.06]),
    );
    expect(verdict(diagnosis(...many))).toContain(
      '1 of 6 variants gain more than chance on these 12 images, most of all "v5" with +5.0 [+1.0, +6.0]; with so many tried',
    );
    expect(verdict(diagnosis(...many.slice(0, 2)))).toContain('None of 2 variants gains');
  });
});
