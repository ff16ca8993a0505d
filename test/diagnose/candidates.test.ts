import { describe, expect, it } from 'vitest';
import { cosine, oneHot, shifted, truthMaps, whereTrue } from '../../lib/diagnose/candidates.js';

// A mask of 4×4: left half class 7, right half background, one ignored pixel, one of a class that is no category.
const mask = { width: 4, height: 4, labels: Uint8Array.from([7, 7, 0, 0, 7, 7, 0, 0, 7, 255, 0, 0, 7, 9, 0, 0]) };
const categoryOf = Array.from({ length: 256 }, (_, label) => (label === 7 ? 0 : label === 0 ? 1 : undefined));

describe('truthMaps', () => {
  it('gives each cell the shares of its pixels, without those that do not count', () => {
    expect([...truthMaps(mask, categoryOf, 2, 2)]).toEqual([1, 0, 0, 1, 1, 0, 0, 1]);
    expect([...truthMaps(mask, categoryOf, 2, 1)].map((value) => Math.round(value * 14))).toEqual([6, 8]);
  });

  it('leaves a cell without a counted pixel at 0', () => {
    const fine = truthMaps(mask, categoryOf, 2, 4);
    expect([...fine.subarray(2 * 9, 2 * 10)]).toEqual([0, 0]);
  });

  it('takes masks that are smaller than the frame or not square', () => {
    const wide = { width: 2, height: 1, labels: Uint8Array.from([7, 0]) };
    const maps = truthMaps(wide, categoryOf, 2, 2);
    expect([...maps]).toEqual([1, 0, 0, 1, 0, 0, 0, 0]);
  });
});

describe('oneHot', () => {
  it('takes the highest, the first of equal ones, and nothing where all are 0', () => {
    expect([...oneHot(Float32Array.from([0.2, 0.9, 0.4, 0.4, 0, 0]), 2)]).toEqual([0, 1, 1, 0, 0, 0]);
  });
});

describe('whereTrue', () => {
  it('empties the points that have no truth, and leaves what it is given', () => {
    const maps = Float32Array.from([1, 0, 0, 1, 0, 1]);
    expect([...whereTrue(maps, 2, Float32Array.from([0.5, 0.5, 0, 0, 0, 1]), 2)]).toEqual([1, 0, 0, 0, 0, 1]);
    expect(maps[3]).toBe(1);
  });
});

describe('shifted', () => {
  it('moves right and down and wraps', () => {
    const maps = Float32Array.from([1, 2, 3, 4]); // one category, 2×2
    expect([...shifted(maps, 1, 2, 1, 0)]).toEqual([2, 1, 4, 3]);
    expect([...shifted(maps, 1, 2, 0, 1)]).toEqual([3, 4, 1, 2]);
    expect([...shifted(maps, 1, 2, 2, 2)]).toEqual([1, 2, 3, 4]);
  });
});

describe('cosine', () => {
  it('is 1, 0, −1 and NaN where it should be', () => {
    const of = (a: number[], b: number[]) => cosine(Float32Array.from(a), Float32Array.from(b));
    expect(of([1, 2], [2, 4])).toBeCloseTo(1);
    expect(of([1, 0], [0, 3])).toBe(0);
    expect(of([1, 1], [-1, -1])).toBeCloseTo(-1);
    expect(of([0, 0], [1, 1])).toBeNaN();
  });
});
