import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { absentRules, addCounts, countPixels, emptyCounts, metricsOf, sumCounts } from '../../lib/evaluation/index.js';
import type { AbsentRule } from '../../lib/evaluation/index.js';

interface Golden {
  pictures: number;
  sides: [number, number];
  sets: ({ classes: number; labelled: number; aAcc: number; iou: (number | null)[] } & Record<AbsentRule, [number, number]>)[];
}
const golden = JSON.parse(readFileSync(new URL('metrics.golden.json', import.meta.url), 'utf8')) as Golden;

/** The pictures of scripts/reference/segmentation_metrics.py. */
function randomPictures(seed: number, classes: number, labelled: number): { truth: Uint8Array; predicted: Uint8Array }[] {
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state >>> 16) % bound;
  };
  const [smallest, sides] = golden.sides;
  return Array.from({ length: golden.pictures }, () => {
    const size = (smallest + below(sides)) * (smallest + below(sides));
    const [truth, predicted] = [new Uint8Array(size), new Uint8Array(size)];
    for (let i = 0; i < size; i++) {
      const label = below(labelled + 1);
      predicted[i] = below(2) === 0 && label < labelled ? label : below(classes - 2);
      truth[i] = label === labelled ? 255 : label;
    }
    return { truth, predicted };
  });
}

describe('metrics by hand', () => {
  // Class 3 occurs nowhere, class 2 only in the prediction; one pixel is ignored.
  const counts = countPixels(Uint8Array.from([0, 0, 0, 0, 1, 1, 255, 1]), Uint8Array.from([0, 0, 0, 1, 1, 2, 1, 1]), 4);

  it('counts hits, labelled and predicted pixels', () => {
    expect([...counts.hit]).toEqual([3, 2, 0, 0]);
    expect([...counts.truth]).toEqual([4, 3, 0, 0]);
    expect([...counts.predicted]).toEqual([3, 3, 1, 0]);
  });

  it('has IoU 3/4, 2/4, 0 and nothing; accuracy 3/4, 2/3 and nothing', () => {
    const { iou, accuracy, aAcc } = metricsOf(counts);
    expect(iou).toEqual([3 / 4, 2 / 4, 0, NaN]);
    expect(accuracy).toEqual([3 / 4, 2 / 3, NaN, NaN]);
    expect(aAcc).toBe(5 / 7);
  });

  it.each<[AbsentRule, number, number]>([
    ['nan-mean', (3 / 4 + 2 / 4 + 0) / 3, (3 / 4 + 2 / 3) / 2],
    ['zero', (3 / 4 + 2 / 4 + 0 + 0) / 4, (3 / 4 + 2 / 3) / 4],
    ['present-only', (3 / 4 + 2 / 4) / 2, (3 / 4 + 2 / 3) / 2],
  ])('%s', (rule, mIoU, mAcc) => {
    expect(metricsOf(counts, rule).mIoU).toBeCloseTo(mIoU, 12);
    expect(metricsOf(counts, rule).mAcc).toBeCloseTo(mAcc, 12);
  });

  it('says nothing where nothing is labelled', () => {
    const { mIoU, mAcc, aAcc } = metricsOf(emptyCounts(3));
    expect([mIoU, mAcc, aAcc]).toEqual([NaN, NaN, NaN]);
  });

  it.each([
    ['different lengths', [0, 1], [0], /Expected 2 predicted labels/],
    ['a prediction that is no class', [0, 1], [0, 7], /below 4 but received 7 at pixel 1/],
    ['the same where the truth is ignored', [0, 255], [0, 7], /below 4 but received 7 at pixel 1/],
  ])('refuses %s', (_, truth, predicted, message) => {
    expect(() => countPixels(Uint8Array.from(truth), Uint8Array.from(predicted), 4)).toThrow(message);
  });
});

describe('metrics of 1,000 random label maps', () => {
  it('has what it says', () => expect(golden.sets.length * golden.pictures).toBe(1000));

  it.each(golden.sets.map((set, seed) => [set.classes, seed, set] as const))('%i classes, seed %i: as the reference', (classes, seed, set) => {
    const all = randomPictures(seed, classes, set.labelled).map(({ truth, predicted }) => countPixels(truth, predicted, classes));
    const sum = sumCounts(all, classes);
    const { aAcc, iou } = metricsOf(sum);
    expect(aAcc).toBeCloseTo(set.aAcc, 12);
    expect(iou.length).toBe(classes);
    iou.forEach((value, c) => (set.iou[c] === null ? expect(value).toBeNaN() : expect(value).toBeCloseTo(set.iou[c]!, 12)));
    for (const rule of absentRules) {
      const { mIoU, mAcc } = metricsOf(sum, rule);
      expect([mIoU - set[rule][0], mAcc - set[rule][1]].map(Math.abs).every((off) => off < 1e-12), rule).toBe(true);
    }
  });

  it('adds up in any order, and counts a picture as often as it is told', () => {
    const { classes, labelled } = golden.sets[3]!;
    const all = randomPictures(3, classes, labelled).slice(0, 7).map(({ truth, predicted }) => countPixels(truth, predicted, classes));
    const halves = emptyCounts(classes);
    addCounts(halves, sumCounts(all.slice(4), classes));
    addCounts(halves, sumCounts(all.slice(0, 4), classes));
    expect(halves).toEqual(sumCounts(all, classes));
    expect(sumCounts(all, classes, [2, 0, 1, 0, 0, 0, 0])).toEqual(sumCounts([all[0]!, all[2]!, all[0]!], classes));
  });
});
