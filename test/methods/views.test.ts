import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { methods } from '../../lib/methods/index.js';
import { trainableMask } from '../../lib/methods/inversion.js';
import { drawBoxes, drawByArea, drawBySide } from '../../lib/methods/views.js';
import { methodNames } from '../../lib/options/method-names.js';
import { Random } from '../../lib/random.js';

const crop = { rule: 'side', min: 0.6, max: 1, ratio: [3 / 4, 4 / 3] } as const;
const seeds = fc.integer({ min: 0, max: 0xffffffff });

describe('crops', () => {
  it('by side are squares inside the picture', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [top, left, height, width] = drawBySide(new Random(seed), crop);
        expect(height).toBe(width);
        expect(height).toBeGreaterThanOrEqual(0.6);
        expect(height).toBeLessThanOrEqual(1);
        for (const [begin, size] of [
          [top, height],
          [left, width],
        ] as const) {
          expect(begin).toBeGreaterThanOrEqual(0);
          expect(begin + size).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
    );
  });

  it('by side are uniform', () => {
    const random = new Random(1);
    const sides = Array.from({ length: 4000 }, () => drawBySide(random, crop)[2]);
    const mean = sides.reduce((a, b) => a + b) / sides.length;
    expect(mean).toBeCloseTo(0.8, 1);
    expect(sides.filter((side) => side < 0.7).length / sides.length).toBeCloseTo(0.25, 1);
  });

  it('by area keep area and aspect in their ranges', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [top, left, height, width] = drawByArea(new Random(seed), { ...crop, min: 0.3 });
        expect(height * width).toBeGreaterThanOrEqual(0.3 - 1e-9);
        expect(width / height).toBeGreaterThanOrEqual(3 / 4 - 1e-9);
        expect(width / height).toBeLessThanOrEqual(4 / 3 + 1e-9);
        expect(Math.max(top + height, left + width)).toBeLessThanOrEqual(1 + 1e-9);
        expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('by area fall back to the middle when nothing fits', () => {
    const never = { ...crop, min: 1, max: 1, ratio: [4, 5] } as const;
    expect(drawByArea(new Random(0), never)).toEqual([0.375, 0, 0.25, 1]);
    expect(drawByArea(new Random(0), { ...never, ratio: [0.1, 0.5] })).toEqual([0, 0.25, 1, 0.5]);
  });

  it('come as [views × 4]', () => {
    expect(drawBoxes(new Random(0), { count: 3, crop })).toHaveLength(12);
    expect(drawBoxes(new Random(0), { count: 1, crop: { ...crop, min: 1 } })).toEqual(Float32Array.of(0, 0, 1, 1));
  });
});

describe('random', () => {
  it('neighbouring seeds are unrelated from the first draw', () => {
    const first = Array.from({ length: 2000 }, (_, seed) => new Random(seed).uniform(0, 1));
    const mean = first.reduce((a, b) => a + b) / first.length;
    const steps = first.slice(1).map((value, i) => (value - mean) * (first[i]! - mean));
    expect(mean).toBeCloseTo(0.5, 1);
    expect(Math.abs(steps.reduce((a, b) => a + b) / steps.length)).toBeLessThan(0.01); // variance 0.083
  });

  it('includes both ends of an integer range, and gives 32-bit seeds', () => {
    const random = new Random(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(5, 8)));
    expect([...seen].sort()).toEqual([5, 6, 7, 8]);
    expect(Array.from({ length: 100 }, () => random.seed()).every((seed) => seed >= 0 && seed <= 0xffffffff)).toBe(
      true,
    );
  });

  it('stays what it is: a seed means the same masks in the next release', () => {
    const random = new Random(42);
    expect([random.seed(), random.integer(5, 300), random.uniform(0, 1)]).toMatchInlineSnapshot(`
      [
        3756121190,
        8,
        0.8457159529613436,
      ]
    `);
  });
});

describe('what is learnt', () => {
  const prompts = {
    ids: new Int32Array(12),
    count: 2,
    length: 6,
    spans: Int32Array.of(0, 1, 2, 0, 4, 1, 1, 1, 1),
    categories: [],
    texts: [],
    warnings: [],
  };
  it.each([
    ['categories', '011010010000'],
    ['all-but-sos', '011111011111'],
    ['all', '111111111111'],
  ] as const)('%s', (rule, mask) => {
    expect(trainableMask(rule, prompts).join('')).toBe(mask);
  });
});

it('every name has its method', () => {
  expect(Object.keys(methods).sort()).toEqual([...methodNames].sort());
  for (const name of methodNames) expect(methods[name].name).toBe(name);
});
