/** Intervals of the mean IoU on pictures whose true mean IoU is known. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.js';
import type { SparseCounts } from '../../lib/scores/counts.js';
import { absentRules, meanIoUOf, metricsOf } from '../../lib/scores/metrics.js';
import { normalQuantile, normalShare } from '../../lib/scores/normal.js';
import { bootstrap } from '../../lib/scores/statistics.js';
import { CountTable } from '../../lib/scores/table.js';

/** [share of the pictures that show the class, its IoU over all pictures there could be] */
type Classes = readonly (readonly [number, number])[];

/**
 * Where a picture shows a class, its union has 500 to 1500 pixels, and a share of them that is uniform in [0, 2 · IoU] is hit. The two are
 * independent, so that the class's IoU over all pictures is what it is called.
 */
function draw(random: Random, classes: Classes, pictures: number): CountTable {
  const table = new CountTable(classes.length);
  for (let i = 0; i < pictures; i++) {
    const counts: SparseCounts = [];
    classes.forEach(([share, iou], c) => {
      if (random.uniform(0, 1) >= share) return;
      const union = random.uniform(500, 1500);
      counts.push([c, union * random.uniform(0, 2 * iou), union, 0]);
    });
    // The truth is the union: all that is missed is missed by nobody's prediction.
    table.add(counts.map(([c, hit, union]) => [c, hit, union, hit]));
  }
  return table;
}

function intervalOf(table: CountTable, samples: number, seed: number) {
  const whole = table.sum(new Uint8Array(table.pictures).fill(1));
  const mean = meanIoUOf(whole);
  return { whole, ...bootstrap(table.pictures, (times) => mean(table.sum(times)), { samples, seed }) };
}

/** One common class that is found, and many rare ones that are not: a method that names little, on a small sample. */
const poor: Classes = [[1, 0.45], ...Array.from({ length: 20 }, (_, c) => [0.08, c % 4 === 0 ? 0.05 : 0] as const)];
const good: Classes = [
  [1, 0.48],
  [0.6, 0.3],
  [0.4, 0.45],
  [0.3, 0.2],
  [0.2, 0.4],
  [0.15, 0.25],
  [0.1, 0.35],
  [0.1, 0.15],
];

describe('the interval of the mean IoU', () => {
  it('holds its own estimate, also where resamplings lack most of the classes', () => {
    const random = new Random(3);
    for (let set = 0; set < 60; set++) {
      const { value, low, high, whole } = intervalOf(draw(random, poor, 20), 200, set);
      expect(value).toBeCloseTo(metricsOf(whole).mIoU, 12);
      expect(low <= value && value <= high, `${low} ≤ ${value} ≤ ${high}`).toBe(true);
      // It is about this mean, not about one over fewer classes: the estimate is not at its edge.
      expect((value - low) / (high - low), `${low} ≤ ${value} ≤ ${high}`).toBeGreaterThan(0.1);
    }
  });

  it('covers the true mean in about 95 of 100 samples', () => {
    const random = new Random(7);
    let [covered, sets] = [0, 400];
    for (let set = 0; set < sets; set++) {
      const { low, high, whole } = intervalOf(draw(random, good, 100), 300, set);
      const seen = good.filter((_, c) => whole.truth[c]! > 0);
      const truth = seen.reduce((sum, [, iou]) => sum + iou, 0) / seen.length;
      if (low <= truth && truth <= high) covered++;
    }
    expect(covered / sets).toBeGreaterThan(0.91);
    expect(covered / sets).toBeLessThan(0.985);
  });
});

describe('the mean IoU of a resampling', () => {
  const counts = (entries: readonly (readonly [number, number, number])[]) => ({
    hit: Float64Array.from(entries, ([hit]) => hit),
    truth: Float64Array.from(entries, ([, truth]) => truth),
    predicted: Float64Array.from(entries, ([, , predicted]) => predicted),
  });
  // Found, missed, only predicted, never there.
  const whole = counts([
    [8, 10, 8],
    [0, 10, 0],
    [0, 0, 5],
    [0, 0, 0],
  ]);

  it.each(absentRules)('of all pictures is the mean IoU itself (%s)', (rule) => {
    expect(meanIoUOf(whole, rule)(whole)).toBeCloseTo(metricsOf(whole, rule).mIoU, 12);
  });

  it.each([
    ['nan-mean', (0.8 + 0.5) / 3],
    ['zero', (0.8 + 0.5) / 4],
    ['present-only', (0.8 + 0.5) / 2],
  ] as const)('is over the same classes (%s)', (rule, expected) => {
    // The first class is not in it, the second was found half.
    expect(
      meanIoUOf(
        whole,
        rule,
      )(
        counts([
          [0, 0, 0],
          [5, 10, 5],
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
    ).toBeCloseTo(expected, 12);
  });

  it('under present-only takes no false alarm for a class whose pictures are not in it', () => {
    expect(
      meanIoUOf(
        whole,
        'present-only',
      )(
        counts([
          [0, 0, 3],
          [0, 10, 0],
          [0, 0, 0],
          [0, 0, 0],
        ]),
      ),
    ).toBeCloseTo(0.4, 12);
  });
});

it('the normal distribution is that of the tables', () => {
  // scipy.stats.norm
  for (const [z, share] of [
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [3, 0.9986501019683699],
  ] as const) {
    expect(normalShare(z)).toBeCloseTo(share, 6);
    expect(normalQuantile(share)).toBeCloseTo(z, 4);
  }
});
