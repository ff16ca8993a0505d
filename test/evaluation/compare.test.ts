import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import type { Evaluation } from '../../lib/evaluation/index.js';
import { compareRuns, evaluate } from '../../lib/evaluation/index.js';
import type { EvaluateOptions } from '../../lib/evaluation/options.js';
import { FakeSegmenter, makeFolder } from './fake.js';

let root: string;
let a: Evaluation;
let b: Evaluation;
const at = (name: string): string => path.join(root, 'runs', name);
async function run(
  name: string,
  options: Partial<EvaluateOptions> = {},
  background: 'class' | 'ignore' = 'class',
): Promise<Evaluation> {
  return evaluate({
    segmenter: new FakeSegmenter(),
    dataset: await openDataset({ kind: 'folder', root, background }),
    out: at(name),
    ...options,
  });
}
beforeAll(async () => {
  root = await makeFolder(20);
  a = await run('a');
  b = await run('b', { segmenter: new FakeSegmenter({ salt: 1, weightsName: 'other' }), options: { steps: 3 } });
});
afterAll(() => rmSync(root, { recursive: true }));

it('subtracts, by class and by picture', async () => {
  const comparison = await compareRuns(at('a'), at('b'), { shown: 3 });
  expect(comparison.pictures).toEqual({ common: 20, onlyA: 0, onlyB: 0 });
  expect(comparison.mIoU).toEqual({ a: a.mIoU, b: b.mIoU, difference: b.mIoU! - a.mIoU! });
  expect(comparison.perClass.map((one) => one.difference)).toEqual(
    b.perClass.map((one, c) => one.iou! - a.perClass[c]!.iou!),
  );
  expect(comparison.settings.map(({ key }) => key)).toEqual(['model', 'options.steps']);
  const [low, high] = comparison.mIoU95;
  expect(low! <= comparison.mIoU.difference! && comparison.mIoU.difference! <= high!).toBe(true);
  const { falls, rises, counts } = comparison;
  expect(falls).toHaveLength(3);
  expect(falls[0]!.difference).toBeLessThanOrEqual(falls[1]!.difference!);
  expect(rises[0]!.difference).toBeGreaterThanOrEqual(rises[1]!.difference!);
  expect(counts.better + counts.worse + counts.same).toBe(20);
});

it('turns round with its sides', async () => {
  const [forth, back] = [await compareRuns(at('a'), at('b')), await compareRuns(at('b'), at('a'))];
  expect(back.mIoU.difference).toBe(-forth.mIoU.difference!);
  expect([back.counts.better, back.counts.worse]).toEqual([forth.counts.worse, forth.counts.better]);
  expect(back.falls.map(({ id }) => id)).toEqual(forth.rises.map(({ id }) => id));
});

it('finds nothing between a run and itself', async () => {
  expect(await compareRuns(at('a'), at('a'))).toMatchObject({
    mIoU95: [0, 0],
    higher: 0,
    settings: [],
    falls: [],
    rises: [],
    counts: { better: 0, worse: 0, same: 20 },
  });
});

it('takes the pictures of both', async () => {
  await run('sample', { sample: 7, seed: 5 });
  const comparison = await compareRuns(at('a'), at('sample'));
  expect(comparison).toMatchObject({ pictures: { common: 7, onlyA: 13, onlyB: 0 }, mIoU: { difference: 0 } });
});

it('refuses other truths, and runs without a common picture', async () => {
  await run('ignored', {}, 'ignore');
  await expect(compareRuns(at('a'), at('ignored'))).rejects.toThrow(/different truths: protocol, classes/);
  await run('none', { sample: 1 });
  const journal = path.join(at('none'), 'journal.jsonl');
  writeFileSync(journal, `${readFileSync(journal, 'utf8').split('\n')[0]}\n`);
  await expect(compareRuns(at('a'), at('none'))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(compareRuns(at('a'), at('nowhere'))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: `${at('nowhere')}: there is no such folder; expected the folder of a run that evaluate or merge wrote`,
  });
  await expect(compareRuns(at('a'), path.dirname(at('a')))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('it has no journal.jsonl; expected the folder of a run'),
  });
});
