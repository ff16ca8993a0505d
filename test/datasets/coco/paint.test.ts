import { expect, it } from 'vitest';
import type { PaintedObject } from '../../../lib/datasets/coco/paint.js';
import { paintObjects } from '../../../lib/datasets/coco/paint.js';

// A picture of 2×2: positions go down the columns, 0 2 / 1 3.
const size = { width: 2, height: 2 };
const object = (label: number, area: number, runs: number[], crowd = false): PaintedObject => ({
  label,
  area,
  crowd,
  parts: [Uint32Array.from(runs)],
});
const rules = { crowd: 'class', overlap: 'smallest' } as const;
const paint = (objects: PaintedObject[], given = {}) => [...paintObjects(objects, size, { ...rules, ...given })];

it('row by row, the smallest object on top whatever the order', () => {
  const objects = [object(1, 1, [0, 1]), object(2, 3, [0, 3])];
  expect(paint(objects)).toEqual([1, 2, 2, 0]);
  expect(paint(objects.toReversed())).toEqual([1, 2, 2, 0]);
});

it('of two with the same area the later one is on top', () => {
  expect(paint([object(1, 2, [0, 2]), object(2, 2, [1, 3])])).toEqual([1, 2, 2, 0]);
});

it.each([
  ['class', [1, 5, 5, 0]],
  ['background', [1, 0, 0, 0]],
  ['ignore', [1, 255, 255, 0]],
])('a crowd is %s', (crowd, expected) => {
  expect(paint([object(1, 1, [0, 1]), object(5, 3, [0, 3], true)], { crowd })).toEqual(expected);
});

it('a crowd on top of an object is ignored beside it only', () => {
  expect(paint([object(1, 3, [0, 3]), object(5, 1, [2, 4], true)], { crowd: 'ignore' })).toEqual([1, 1, 1, 255]);
});

it('what two classes share is ignored, what one class shares with itself is not', () => {
  const objects = [object(1, 2, [0, 2]), object(1, 2, [1, 3]), object(2, 1, [2, 3]), object(3, 1, [2, 4])];
  expect(paint(objects, { overlap: 'ignore' })).toEqual([1, 255, 1, 3]);
});

it('parts of an object may overlap', () => {
  expect(
    paint([{ ...object(4, 9, []), parts: [Uint32Array.of(0, 2), Uint32Array.of(1, 3)] }], { overlap: 'ignore' }),
  ).toEqual([4, 4, 4, 0]);
});
