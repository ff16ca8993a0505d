import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { categoryPoints, cellOf, centreOf, placesOf, softAnchors } from '../../lib/explain/anchors.js';
import { quantile, symmetricDistances } from '../../lib/explain/distances.js';
import { agreement } from '../../lib/explain/iou.js';
import { stepsToShow } from '../../lib/explain/look.js';
import { readIndexMask, readTruth } from '../../lib/explain/truth.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-explain-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('anchors', () => {
  it('are the sigmoid of eq. 5', () => {
    expect([...softAnchors(Float32Array.of(0, 0.5, 1), 4, 0.5)].map((value) => value.toFixed(4))).toEqual([
      '0.1192',
      '0.5000',
      '0.8808',
    ]);
  });

  it('stand on a point of their own category, near its centre of mass', () => {
    // A ring of category 0 around category 1, whose centre of mass is the centre of the ring as well.
    const size = 5;
    const ring = Float32Array.from({ length: 25 }, (_, i) => (i % 5 === 0 || i % 5 === 4 || i < 5 || i >= 20 ? 1 : 0));
    const data = Float32Array.of(...ring, ...ring.map((value) => 1 - value));
    const [outer, inner] = categoryPoints({ data, size, categories: ['ring', 'hole'] });
    expect(cellOf(inner!, size)).toBe(12);
    expect(ring[cellOf(outer!, size)]).toBe(1);
    expect([2, 10, 14, 22]).toContain(cellOf(outer!, size)); // the middles of its sides
  });

  it('stand on the highest point of a category that owns none', () => {
    const data = Float32Array.of(0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.3, 0.1);
    expect(categoryPoints({ data, size: 2, categories: ['all', 'none'] })[1]).toEqual({
      category: 'none',
      ...centreOf(2, 2),
    });
  });

  it('named as pixels keep their pixel, and must lie inside', () => {
    const [place] = placesOf([[3, 1]], 8, 4);
    expect([Math.floor(place!.x * 8), Math.floor(place!.y * 4)]).toEqual([3, 1]);
    expect(() => placesOf([[8, 0]], 8, 4)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    expect(() => placesOf([[NaN, 0]], 8, 4)).toThrow(/inside the image \(8 × 4\)/);
  });

  it('are shown where the paper shows them', () => {
    expect(stepsToShow(15)).toEqual([0, 5, 10, 15]);
    expect(stepsToShow(2)).toEqual([0, 1, 2]);
    expect(stepsToShow(0)).toEqual([0]);
  });
});

describe('distances', () => {
  it('are both divergences of eq. 3 added up', () => {
    const rows = [
      [0.7, 0.2, 0.1],
      [0.1, 0.1, 0.8],
      [1 / 3, 1 / 3, 1 / 3],
    ];
    const kl = (p: number[], q: number[]) => p.reduce((sum, value, k) => sum + value * Math.log(value / q[k]!), 0);
    const [from] = symmetricDistances(Float32Array.from(rows.flat()), 3, [1]);
    rows.forEach((row, j) => expect(from![j]).toBeCloseTo(kl(rows[1]!, row) + kl(row, rows[1]!), 5));
  });

  it('stay finite where a row has a 0', () => {
    const [from] = symmetricDistances(Float32Array.of(1, 0, 0, 1), 2, [0]);
    expect(from![0]).toBe(0);
    expect(from![1]).toBeCloseTo(2 * Math.log(1e8), 3);
  });

  it('have a quantile', () => {
    expect(quantile([Float32Array.of(4, 1), Float32Array.of(3, 2)], 0.5)).toBe(3);
    expect(quantile([], 0.5)).toBe(0);
  });
});

describe('agreement', () => {
  it('is intersection over union of what is there, ignored pixels left out', () => {
    const { classes, mean } = agreement(Uint8Array.of(0, 0, 1, 1, 0), Uint8Array.of(0, 1, 1, 1, 255), 4);
    expect(classes).toEqual([1 / 2, 2 / 3, null, null]);
    expect(mean).toBeCloseTo(7 / 12, 12);
  });
});

describe('ground truth', () => {
  const mask = Uint8Array.of(0, 3, 1, 255);
  const categories = ['cat', 'dog', 'background'];

  it('keeps the indices of a PNG', async () => {
    const file = path.join(folder, 'mask.png');
    writeFileSync(file, encodeLabels(mask, 2, 2, vocPalette()));
    expect(await readIndexMask(file, { width: 2, height: 2 })).toEqual({ mask, names: undefined });
    await expect(readIndexMask(file, { width: 2, height: 3 })).rejects.toMatchObject({ code: 'MASK_INVALID' });
    await expect(readIndexMask(`${file}x`, { width: 2, height: 2 })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  it('goes by the names that the PNG has itself', async () => {
    const file = path.join(folder, 'named.png');
    writeFileSync(
      file,
      encodeLabels(Uint8Array.of(0, 1, 2, 255), 2, 2, vocPalette(), {
        names: ['dog', 'cat', 'background'],
        background: 2,
      }),
    );
    const own = await readIndexMask(file, { width: 2, height: 2 });
    expect(readTruth(own.mask, categories, own.names)).toEqual({
      classes: categories,
      labels: Uint8Array.of(1, 0, 2, 255),
    });
  });

  it('finds categories by name, and adds those that were not asked for', () => {
    const truth = readTruth(mask, categories, ['Dog', 'bus', 'sofa']);
    expect(truth).toEqual({ classes: ['cat', 'dog', 'background', 'sofa'], labels: Uint8Array.of(2, 3, 1, 255) });
  });

  it('knows a class by several names', () => {
    const truth = readTruth(
      Uint8Array.of(1, 2),
      ['airplane', 'background'],
      [
        ['aeroplane', 'airplane'],
        ['tvmonitor', 'tv'],
      ],
    );
    expect(truth).toEqual({ classes: ['airplane', 'background', 'tvmonitor'], labels: Uint8Array.of(0, 2) });
  });

  it('takes the categories in their order without names', () => {
    expect([...readTruth(Uint8Array.of(0, 1, 2, 255), categories).labels]).toEqual([2, 0, 1, 255]);
    expect(() => readTruth(mask, categories)).toThrow(/index 3 .* only 2 are named/);
  });
});
