/** Against numpy (scripts/evaluation/metrics_golden.py), over a thousand random maps. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addCounts, countPairs, dense, emptyCounts } from '../../lib/scores/counts.js';
import { absentRules, metricsOf } from '../../lib/scores/metrics.js';
import { Totals } from '../../lib/scores/totals.js';

interface Golden {
  hit: number[];
  predicted: number[];
  truth: number[];
  iou: (number | null)[];
  accuracy: (number | null)[];
  aAcc: number;
  means: Record<(typeof absentRules)[number], [number, number]>;
}
const { classes, width, height, after } = JSON.parse(
  readFileSync(new URL('metrics.json', import.meta.url), 'utf8'),
) as {
  classes: number;
  width: number;
  height: number;
  after: Record<string, Golden>;
};

function* numbers(state: number): Generator<number> {
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

function map(source: Generator<number>): { truth: Uint8Array; predicted: Uint8Array } {
  const [truth, predicted] = [new Uint8Array(width * height), new Uint8Array(width * height)];
  for (let i = 0; i < truth.length; i++) {
    const [r, s] = [(source.next().value as number) % 2300, (source.next().value as number) % 24];
    const label = r === 1800 ? 18 : r < 1800 ? Math.floor(r / 100) : 255;
    truth[i] = label;
    predicted[i] = s < 18 ? s : s === 19 ? 20 : label !== 255 ? label : 0;
  }
  return { truth, predicted };
}

describe('metrics', () => {
  it('are those of the field, class by class and under every rule', () => {
    const source = numbers(20260101);
    const sum = emptyCounts(classes);
    let compared = 0;
    for (let i = 1; i <= 1000; i++) {
      const { truth, predicted } = map(source);
      addCounts(sum, dense(countPairs(truth, predicted, classes).counts, classes));
      const golden = after[i];
      if (!golden) continue;
      compared++;
      expect([...sum.hit]).toEqual(golden.hit);
      expect([...sum.truth]).toEqual(golden.truth);
      expect([...sum.predicted]).toEqual(golden.predicted);
      for (const rule of absentRules) {
        const found = metricsOf(sum, rule);
        expect(found.iou.map((value) => (Number.isNaN(value) ? null : value))).toEqual(golden.iou);
        expect(found.accuracy.map((value) => (Number.isNaN(value) ? null : value))).toEqual(golden.accuracy);
        expect(found.aAcc).toBe(golden.aAcc);
        expect(found.mIoU, rule).toBeCloseTo(golden.means[rule][0], 13);
        expect(found.mAcc, rule).toBeCloseTo(golden.means[rule][1], 13);
      }
    }
    expect(compared).toBe(4);
  });

  it('have a rule for each kind of absence, and the rules differ', () => {
    const { means, iou } = after[1000]!;
    expect([iou[19], iou[20]]).toEqual([null, 0]);
    expect(new Set(Object.values(means).map(([mean]) => mean)).size).toBe(3);
  });
});

describe('pairs', () => {
  const truth = Uint8Array.of(0, 0, 1, 2, 255, 1);
  it('and hits make the confusion matrix', () => {
    const pairs = countPairs(truth, Uint8Array.of(0, 1, 1, 0, 2, 255), 3);
    expect(pairs).toEqual({
      counts: [
        [0, 1, 2, 2],
        [1, 1, 2, 2],
        [2, 0, 1, 0],
      ],
      confused: [
        [0, 1, 1],
        [2, 0, 1],
      ],
    });
    const totals = new Totals(3);
    totals.add(pairs);
    totals.add(pairs);
    expect([...totals.confusion]).toEqual([2, 2, 0, 0, 2, 0, 2, 0, 0]);
    expect([...dense(pairs.counts, 3).truth]).toEqual([2, 2, 1]);
  });

  it('refuse what is no label, also where the truth does not count', () => {
    expect(() => countPairs(truth, Uint8Array.of(0, 1, 1, 0, 3, 1), 3)).toThrow(/below 3 but received 3 at pixel 4/);
    expect(() => countPairs(truth, Uint8Array.of(0, 1), 3)).toThrow(/Expected 6 predicted labels/);
  });
});
