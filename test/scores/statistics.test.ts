import { describe, expect, it } from 'vitest';
import { Random } from '../../lib/random.js';
import { bootstrap, meanEstimate, resample, shareEstimate, spearman } from '../../lib/scores/statistics.js';

describe('bootstrap', () => {
  const values = Array.from({ length: 200 }, (_, i) => ((i * 37) % 101) / 100);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;

  it('gives the statistic of the data and an interval as wide as theory has it', () => {
    const { value, low, high } = meanEstimate(values, { samples: 4000 });
    expect(value).toBeCloseTo(mean, 12);
    const deviation = Math.sqrt(
      values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / values.length / values.length,
    );
    expect((value - low) / deviation).toBeCloseTo(1.96, 0);
    expect((high - value) / deviation).toBeCloseTo(1.96, 0);
  });

  it('covers the true mean in about 95 of 100 data sets', () => {
    const random = new Random(11);
    let covered = 0;
    for (let set = 0; set < 300; set++) {
      const { low, high } = meanEstimate(
        Array.from({ length: 60 }, () => random.uniform(0, 1)),
        { samples: 300, seed: set },
      );
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered / 300).toBeGreaterThan(0.9);
    expect(covered / 300).toBeLessThan(0.985);
  });

  it('draws as many pictures as there are, the same ones by the same seed', () => {
    const totals = new Set<number>();
    bootstrap(9, (times) => times.reduce((a, b) => a + b, 0) + 0 * totals.add(times.reduce((a, b) => a + b, 0)).size);
    expect([...totals]).toEqual([9]);
    expect(meanEstimate(values, { seed: 5 })).toEqual(meanEstimate(values, { seed: 5 }));
    expect(meanEstimate(values, { seed: 5 })).not.toEqual(meanEstimate(values, { seed: 6 }));
  });

  it('is paired: what both sides share does not widen the interval of their difference', () => {
    const other = values.map((value) => value + 0.01);
    const of = (list: readonly number[], times: Uint32Array): number =>
      list.reduce((sum, value, i) => sum + value * times[i]!, 0) / list.length;
    const { low, high } = bootstrap(values.length, (times) => of(other, times) - of(values, times));
    expect([low, high]).toEqual([expect.closeTo(0.01, 9), expect.closeTo(0.01, 9)]);
  });

  it('has no interval for one picture, and no figure for none', () => {
    expect(meanEstimate([3])).toEqual({ value: 3, low: NaN, high: NaN });
    expect(meanEstimate([])).toEqual({ value: NaN, low: NaN, high: NaN });
  });

  it('leaves out resamplings that say nothing', () => {
    const { value, low, high } = bootstrap(2, (times) => (times[0] === times[1] ? 1 : NaN));
    expect([value, low, high]).toEqual([1, 1, 1]);
  });
});

describe('shareEstimate', () => {
  // Wilson's interval from scipy.stats.binomtest(hits, total).proportion_ci(method='wilson').
  it.each<[number, number, number, number]>([
    [0, 10, 0.0, 0.2775328],
    [3, 10, 0.10779127, 0.60322185],
    [28, 100, 0.20139685, 0.37488029],
    [40, 40, 0.9123784, 1.0],
    [1, 2, 0.09453121, 0.90546879],
  ])('%i of %i', (hits, total, low, high) => {
    const found = shareEstimate(hits, total);
    expect(found.value).toBe(hits / total);
    expect(found.low).toBeCloseTo(low, 6);
    expect(found.high).toBeCloseTo(high, 6);
  });
  it('is unknown of nothing', () => expect(shareEstimate(0, 0)).toEqual({ value: NaN, low: NaN, high: NaN }));
});

describe('spearman', () => {
  // Expected from scipy.stats.spearmanr.
  it.each<[number[], number[], number]>([
    [[1, 2, 3, 4], [10, 20, 30, 40], 1.0],
    [[1, 2, 3, 4], [9, 7, 5, 1], -1.0],
    [[1, 2, 2, 4, 5], [3, 1, 4, 4, 9], 0.7631578947368421],
    [[0.3, -1, 7, 2, 2, 2], [5, 5, 1, 0, 2, 8], -0.492832882906958],
  ])('%j and %j', (a, b, expected) => expect(spearman(a, b)).toBeCloseTo(expected, 12));
  it('is unknown where one side is always the same', () => {
    expect(spearman([1, 2, 3], [4, 4, 4])).toBeNaN();
    expect(spearman([], [])).toBeNaN();
  });
});

it('resample repeats what was drawn', () => {
  expect(resample(['a', 'b', 'c'], Uint32Array.from([2, 0, 1]))).toEqual(['a', 'a', 'c']);
});
