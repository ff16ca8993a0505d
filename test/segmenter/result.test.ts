/** Results as plain data: what arrives in another thread, and in JSON, is the result. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SegmentResult } from '../../lib/index.js';
import { maskOf, resultJson } from '../../lib/index.js';
import { compressCounts, decodeRuns, expandCounts } from '../../lib/labels/runs.js';
import { resolveOptions } from '../../lib/options/index.js';
import { allBackground } from '../../lib/segmenter/all-background.js';
import { makeResult, makeSegments } from '../../lib/segmenter/result.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { ResultJson } from '../../lib/segmenter/types.js';
import { FakeEngine, fakeParts, picture } from './fake.js';

const options = { categories: ['cat', 'dog'], steps: 2, saveMaps: true, compareLoss: true };
const segmented = (): Promise<SegmentResult> =>
  Segmenter.of(fakeParts(new FakeEngine())).segment(picture(8, 6), options);

/** A result of given labels. */
function resultOf(labels: Uint8Array, width: number, categories: readonly string[]): SegmentResult {
  const areas = Float64Array.from(categories, (_, i) => labels.filter((label) => label === i).length);
  const base = allBackground(width, labels.length / width, resolveOptions(), 'none');
  const scores = new Float32Array(categories.length).fill(0.5);
  return makeResult({
    ...base,
    labels,
    categories: [...categories],
    segments: makeSegments(categories, { labels, areas, scores }),
  });
}

describe('a result', () => {
  it('has fields of data alone', async () => {
    for (const result of [await segmented(), allBackground(4, 3, resolveOptions(), 'why')]) {
      const functions = (value: unknown): boolean =>
        typeof value === 'function' ||
        (typeof value === 'object' &&
          value !== null &&
          !ArrayBuffer.isView(value) &&
          Object.values(value).some(functions));
      expect(functions(result)).toBe(false);
      for (const segment of result.segments) {
        expect(Object.getPrototypeOf(segment)).toBe(Object.prototype);
        expect(Object.keys(segment)).toEqual(['label', 'index', 'score', 'area', 'share']);
      }
    }
  });

  it('survives structuredClone, masks and all', async () => {
    const result = await segmented();
    const copy = structuredClone(result);
    expect(copy).toEqual(result);
    for (const { index, area } of copy.segments) {
      expect(maskOf(copy, index)).toEqual(maskOf(result, index));
      expect(maskOf(copy, index).reduce((sum, value) => sum + value, 0)).toBe(area);
    }
    expect(JSON.stringify(resultJson(copy))).toBe(JSON.stringify(result));
  });

  it('crosses to a worker thread and back', async () => {
    const result = await segmented();
    const echo = `const { parentPort } = require('node:worker_threads'); parentPort.once('message', (value) => parentPort.postMessage(value));`;
    const worker = new Worker(echo, { eval: true });
    worker.postMessage(result);
    const [back] = (await once(worker, 'message')) as [SegmentResult];
    await worker.terminate();
    expect(back).toEqual(result);
    expect(maskOf(back, 1)).toEqual(maskOf(result, 1));
  });
});

describe('JSON', () => {
  it('has all that the result has', async () => {
    const result = await segmented();
    const json = JSON.parse(JSON.stringify(result)) as ResultJson;
    const { labels: _, segments, maps, ...rest } = structuredClone(result);
    const { segments: written, maps: packed, ...others } = json;
    expect(others).toEqual(rest);
    expect(written.map(({ mask: __, ...segment }) => segment)).toEqual(segments);
    expect(packed).toMatchObject({
      size: maps!.size,
      categories: maps!.categories,
      data: { dtype: 'float32', shape: [3, 4, 4] },
    });
    const bytes = Buffer.from(packed!.data.base64, 'base64');
    expect(new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))).toEqual(maps!.data);
    for (const { index } of segments) expect(maskOf(json, index)).toEqual(maskOf(result, index));
  });

  it('of any labels gives back every mask', () => {
    const labels = fc
      .integer({ min: 1, max: 9 })
      .chain((width) =>
        fc
          .array(fc.integer({ min: 0, max: 3 }), { minLength: width, maxLength: 12 * width })
          .map((all) => ({ width, all: all.slice(0, all.length - (all.length % width)) })),
      );
    fc.assert(
      fc.property(labels, ({ width, all }) => {
        const result = resultOf(Uint8Array.from(all), width, ['a', 'b', 'c', 'd']);
        const json = JSON.parse(JSON.stringify(result)) as ResultJson;
        for (const index of [0, 1, 2, 3]) expect(maskOf(json, index)).toEqual(maskOf(result, index));
      }),
    );
  });

  it('of a picture of 256 × 256 is small', () => {
    const labels = Uint8Array.from({ length: 256 * 256 }, (_, i) => ((i % 256) + Math.floor(i / 256) < 256 ? 0 : 1));
    const result = resultOf(labels, 256, ['cat', 'background']);
    expect(JSON.stringify({ ...result }).length).toBeGreaterThan(600_000);
    expect(JSON.stringify(result).length).toBeLessThan(10_000);
  });

  it("has COCO's own text for run lengths", () => {
    type Case = { counts?: number[] | string };
    const real = (
      JSON.parse(
        gunzipSync(readFileSync(new URL('../datasets/coco/regions.json.gz', import.meta.url))).toString(),
      ) as Case[]
    ).flatMap(({ counts }) => (typeof counts === 'string' ? [counts] : []));
    expect(real.length).toBeGreaterThan(0);
    for (const text of real) expect(compressCounts(expandCounts(text, 'a real one'))).toBe(text);
    const mask = resultJson(resultOf(Uint8Array.of(1, 0, 0, 1, 1, 0), 3, ['a', 'b'])).segments[0]!.mask;
    expect(mask.size).toEqual([2, 3]);
    // Column by column: b b, a b, a a.
    expect([...decodeRuns(mask, 3, 2, 'a')]).toEqual([2, 3, 4, 6]);
  });
});

describe('maskOf', () => {
  const result = resultOf(Uint8Array.of(1, 0, 0, 1), 2, ['a', 'b']);
  it.each<[string, unknown, unknown, string]>([
    ['no result', null, 0, 'INVALID_OPTION'],
    ['a list', [], 0, 'INVALID_OPTION'],
    ['an index without a category', result, 2, 'INVALID_OPTION'],
    ['a negative index', result, -1, 'INVALID_OPTION'],
    ['a name', result, 'a', 'INVALID_OPTION'],
    ['labels that do not fit', { ...result, width: 3 }, 0, 'SHAPE_MISMATCH'],
    ['labels that are none', { ...result, labels: [1, 0, 0, 1] }, 0, 'INVALID_OPTION'],
    ['neither labels nor masks', { width: 2, height: 2, categories: ['a'], segments: [] }, 0, 'INVALID_OPTION'],
    [
      'run lengths that do not fit',
      { width: 2, height: 2, categories: ['a'], segments: [{ mask: { size: [2, 2], counts: '1' } }] },
      0,
      'DATASET_INVALID',
    ],
  ])('refuses %s', (_, value, index, code) => {
    expect(() => maskOf(value as SegmentResult, index as number)).toThrow(
      expect.objectContaining({ name: 'InvSegError', code }),
    );
  });

  it('makes a new mask each time', () => {
    expect(maskOf(result, 0)).toEqual(Uint8Array.of(0, 1, 1, 0));
    maskOf(result, 0).fill(9);
    expect(maskOf(result, 0)).toEqual(Uint8Array.of(0, 1, 1, 0));
  });
});
