import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { MethodRow, MethodsBenchOptions } from '../../lib/bench/index.js';
import { benchMethods } from '../../lib/bench/index.js';
import type { Dataset } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { evaluate } from '../../lib/evaluation/index.js';
import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeSegmenter, makeFolder } from '../evaluation/fake.js';

let root: string;
let dataset: Dataset;
let temporary: string;
const before = process.env['TMPDIR'];
beforeAll(async () => {
  root = await makeFolder(6);
  // Of its own: other tests have temporary folders too.
  temporary = path.join(root, 'temporary');
  mkdirSync(temporary);
  process.env['TMPDIR'] = temporary;
  dataset = await openDataset({ kind: 'folder', root });
});
afterAll(() => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  rmSync(root, { recursive: true });
});

const fake = (salt = 0) => {
  const own = new FakeSegmenter({ salt });
  return { own, segmenter: Object.assign(own, { observe: () => {} }) as unknown as Segmenter };
};

async function rowsOf(more: Partial<MethodsBenchOptions> = {}): Promise<MethodRow[]> {
  const rows: MethodRow[] = [];
  const given = {
    segmenter: fake().segmenter,
    dataset,
    methods: ['baseline', 'invseg'],
    ...more,
  } as MethodsBenchOptions;
  for await (const row of benchMethods(given)) rows.push(row);
  return rows;
}
const left = (): string[] => readdirSync(temporary);

it('has a row a method, with the accuracy that evaluate gives and the times of the calls', async () => {
  const { own, segmenter } = fake(3);
  const told: string[] = [];
  const rows = await rowsOf({ segmenter, onPicture: (method, done, total) => told.push(`${method} ${done}/${total}`) });
  const out = path.join(root, 'alone');
  const { mIoU, mIoU95, mAcc, aAcc } = await evaluate({ segmenter: new FakeSegmenter({ salt: 3 }), dataset, out });
  expect(rows).toMatchObject(
    ['baseline', 'invseg'].map((method) => ({
      format: 'invseg-bench-method/1',
      method,
      pictures: 6,
      batch: 1,
      ...{ mIoU, mIoU95, mAcc, aAcc },
      // What the fake says of each call.
      milliseconds: { p50: 6, p90: 6 },
      imagesPerSecond: 1000 / 6,
    })),
  );
  // One before each method that does not count.
  expect(own.calls).toBe(2 * 7);
  expect(told).toContain('invseg 6/6');
  for (const row of rows) expect(JSON.parse(JSON.stringify(row))).toEqual(row);
});

it('takes several pictures in one pass, and a sample', async () => {
  const { own, segmenter } = fake();
  const [row] = await rowsOf({ segmenter, methods: ['invseg'], batch: 2, sample: 4, seed: 1 });
  expect(own.passes).toEqual([2, 2]);
  expect(row).toMatchObject({ pictures: 4, batch: 2 });
});

it('keeps runs where it is told to, and goes on with them; else it leaves nothing', async () => {
  await rowsOf();
  expect(left()).toEqual([]);
  const out = path.join(root, 'kept');
  const first = await rowsOf({ out });
  expect(existsSync(path.join(out, 'invseg', 'journal.jsonl'))).toBe(true);
  const { own, segmenter } = fake();
  const again = await rowsOf({ out, segmenter });
  expect(own.calls).toBe(2);
  const timeless = (rows: MethodRow[]) => rows.map(({ date: _, ...rest }) => rest);
  expect(timeless(again)).toEqual(timeless(first));
  // Times of one image in a pass are none of six in one.
  await expect(rowsOf({ out, batch: 6 })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/other settings: batch.*\n.*1 there, 6 now/s) as string,
  });
});

it('ends when it is aborted, and leaves nothing', async () => {
  const stop = new AbortController();
  const onPicture: MethodsBenchOptions['onPicture'] = (_, done) => done === 3 && stop.abort();
  await expect(rowsOf({ signal: stop.signal, onPicture })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(left()).toEqual([]);
});

it('does not speak of a journal that is gone', async () => {
  await expect(rowsOf({ signal: AbortSignal.abort() })).rejects.toThrow(/name a folder/);
  const out = path.join(root, 'aborted');
  const stop = new AbortController();
  await expect(rowsOf({ out, signal: stop.signal, onPicture: () => stop.abort() })).rejects.toThrow(
    /is in the journal/,
  );
});

it('says that there is no temporary folder, where it needs one', async () => {
  process.env['TMPDIR'] = path.join(root, 'none');
  try {
    await expect(rowsOf()).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: `${path.join(root, 'none')}: it cannot be written (there is no such folder); name another temporary folder in TMPDIR`,
    });
    expect(await rowsOf({ out: path.join(root, 'elsewhere') })).toHaveLength(2);
  } finally {
    process.env['TMPDIR'] = temporary;
  }
});

it.each<[string, object]>([
  ['no method', { methods: [] }],
  ['a method twice', { methods: ['invseg', 'invseg'] }],
  ['another method', { methods: ['baseline', 'magic'] }],
  ['a method in the options', { options: { method: 'iseg' } }],
  ['options that a method does not take', { options: { steps: -1 } }],
  ['no segmenter', { segmenter: {} }],
  ['no data set', { dataset: {} }],
  ['a batch of 0', { batch: 0 }],
  ['options that are none', { options: 5 }],
  ['no options', { options: null }],
  ['names that are no source', { names: {} }],
  ['names that are a number', { names: 5 }],
  ['a listener that is none', { onPicture: 5 }],
  ['a signal that is none', { signal: 0 }],
  ['a key that nobody knows', { onImage: () => {} }],
])('refuses %s', async (_, more) => {
  await expect(rowsOf(more)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});
