import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readAnnotation } from '../../../lib/datasets/coco/annotation.js';
import { polygonRuns } from '../../../lib/datasets/coco/polygon.js';
import type { Runs } from '../../../lib/labels/runs.js';
import { decodeRuns, expandCounts, runsArea } from '../../../lib/labels/runs.js';

interface Case {
  kind: string;
  width: number;
  height: number;
  polygons?: number[][];
  counts?: number[] | string;
  runs: number[];
}
// Written by scripts/datasets/parity.py, which asks pycocotools.
const cases = JSON.parse(gunzipSync(readFileSync(new URL('regions.json.gz', import.meta.url))).toString()) as Case[];

function paint(lists: readonly ArrayLike<number>[], total: number): Uint8Array {
  const mask = new Uint8Array(total);
  for (const runs of lists) for (let i = 0; i < runs.length; i += 2) mask.fill(1, runs[i], runs[i + 1]);
  return mask;
}

describe('the pixels of pycocotools', () => {
  const kinds = [...new Set(cases.map(({ kind }) => kind))].sort();
  it('are there for every kind of region', () => {
    expect(cases).toHaveLength(400);
    expect(kinds).toHaveLength(25);
  });
  it.each(kinds)('%s', (kind) => {
    for (const { width, height, polygons, counts, runs } of cases.filter((one) => one.kind === kind)) {
      const found: Runs[] = polygons
        ? polygons.map((points) => polygonRuns(points, width, height))
        : [decodeRuns({ size: [height, width], counts: counts! }, width, height, kind)];
      expect(paint(found, width * height)).toEqual(paint([runs], width * height));
    }
  });
});

describe('polygons', () => {
  it('a rectangle with its corners at integers has exactly its pixels, column by column', () => {
    expect([...polygonRuns([1, 2, 3, 2, 3, 4, 1, 4], 5, 6)]).toEqual([8, 10, 14, 16]);
  });
  it('runs are within the picture and in order', () => {
    const runs = polygonRuns([-50, -50, 300, 20, 40, 400, 9, 9], 30, 20);
    expect(Math.max(...runs)).toBeLessThanOrEqual(600);
    expect([...runs]).toEqual([...runs].sort((a, b) => a - b));
    expect(runsArea(runs)).toBe(paint([runs], 600).reduce((a, b) => a + b, 0));
  });
  it('a vertex a million pixels away costs no more than the picture', () => {
    const runs = polygonRuns([-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6], 40, 30);
    expect(runsArea(runs)).toBe(1200);
  });
  it('that cross more columns than memory has room for are refused, those of a picture together', () => {
    // 19 KB of JSON: 1,500 edges to and fro over 65,500 columns.
    const fence = Array.from({ length: 1500 }, (_, i) => [i % 2 === 0 ? 0 : 65_500, i % 3]).flat();
    const annotation = (points: number[]) => ({ id: 1, category_id: 1, segmentation: [points] });
    const size = { width: 65_500, height: 1 };
    const refused = (work: () => unknown) =>
      expect(work).toThrow(
        expect.objectContaining({
          code: 'DATASET_INVALID',
          message: expect.stringMatching(/a 1: with polygon 0, more than 16777216 columns/),
        }),
      );
    refused(() => readAnnotation(annotation(fence), size, 'a 1'));
    const budget = { crossings: 2 ** 24 };
    const some = fence.slice(0, 400);
    expect(readAnnotation(annotation(some), size, 'a 1', budget).parts).toHaveLength(1);
    refused(() => readAnnotation(annotation(some), size, 'a 1', budget));
  });
});

describe('run lengths', () => {
  const decode = (counts: number[] | string, size: [number, number] = [2, 3]) =>
    decodeRuns({ size, counts }, 3, 2, 'annotation 7');
  it('become runs; an empty run is allowed', () => {
    expect([...decode([1, 2, 0, 1, 2])]).toEqual([1, 3, 3, 4]);
    expect([...decode([0, 6])]).toEqual([0, 6]);
    expect([...decode([6])]).toEqual([]);
  });
  it.each<[string, number[] | string, [number, number] | undefined, RegExp]>([
    ['too few', [1, 2], undefined, /annotation 7: .*cover 3 of 6 pixels/],
    ['too many', [1, 9], undefined, /cover more than the 6 pixels/],
    ['negative', [1, -2, 7], undefined, /a run length is -2/],
    ['fractions', [1.5, 4.5], undefined, /a run length is 1\.5/],
    ['another size', [6], [3, 2], /for 2×3, the image is 3×2/],
    ["text with a character that is none of COCO's", '6!', undefined, /damaged at character 1/],
    ['text that ends within a number', 'Q', undefined, /damaged at character 1/],
    ['text with an endless number', 'oooooooooooo', undefined, /damaged at character 7/],
  ])('%s are refused', (_, counts, size, message) => {
    expect(() => decode(counts, size)).toThrow(
      expect.objectContaining({ code: 'DATASET_INVALID', message: expect.stringMatching(message) }),
    );
  });
  it('text: differences from the fourth number on', () => {
    // 5, 3, 2, then 3 + 4 and 2 − 1.
    expect(expandCounts('5324O', '')).toEqual([5, 3, 2, 7, 1]);
  });
});
