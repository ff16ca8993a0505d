import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import type { Evaluation } from '../../lib/evaluation/index.js';
import { evaluate, mergeRuns, parseShard } from '../../lib/evaluation/index.js';
import type { EvaluateOptions } from '../../lib/evaluation/options.js';
import { seal, unseal } from '../../lib/journal/seal.js';
import { FakeSegmenter, journalLines, makeFolder } from './fake.js';

let root: string;
beforeAll(async () => void (root = await makeFolder(22)));
afterAll(() => rmSync(root, { recursive: true }));
const at = (name: string): string => path.join(root, 'runs', name);

async function run(name: string, options: Partial<EvaluateOptions> = {}): Promise<Evaluation> {
  return evaluate({
    segmenter: new FakeSegmenter(),
    dataset: await openDataset({ kind: 'folder', root }),
    out: at(name),
    ...options,
  });
}

const same = ({ milliseconds: _, settings: { shard: __, ...settings }, ...rest }: Evaluation): unknown => ({
  ...rest,
  settings,
});

it('makes the whole of its parts, in any order', async () => {
  const whole = await run('whole');
  for (const index of [0, 1, 2]) await run(`part-${index}`, { shard: { index, count: 3 } });
  const parts = [0, 1, 2].map((index) => at(`part-${index}`));
  const merged = await mergeRuns({ runs: [...parts].reverse(), out: at('merged') });
  expect(same(merged)).toEqual(same(whole));
  expect(readdirSync(at('merged')).sort()).toEqual(['journal.jsonl', 'pictures']);
  expect(readdirSync(path.join(at('merged'), 'pictures')).sort()).toEqual(
    readdirSync(path.join(at('whole'), 'pictures')).sort(),
  );
  // A part that is there twice counts once, and so does a merged run with one of its parts.
  expect(same(await mergeRuns({ runs: [...parts, parts[1]!, at('merged')], out: at('again') }))).toEqual(same(whole));
  expect(await mergeRuns({ runs: parts.slice(0, 2), out: at('two') })).toMatchObject({
    pictures: { total: 22, evaluated: 15 },
  });
});

it('counts what one left out and another could read', async () => {
  const record = JSON.parse(journalLines(at('part-0'))[1]!) as { id: string; place: number };
  const header = journalLines(at('part-0'))[0];
  await run('skipping', { shard: { index: 0, count: 3 } });
  const skip = { id: record.id, place: record.place, skipped: { code: 'IMAGE_UNREADABLE', message: 'no' } };
  writeFileSync(path.join(at('skipping'), 'journal.jsonl'), `${header}\n${seal(skip)}\n`);
  const alone = await mergeRuns({ runs: [at('skipping'), at('part-1')], out: at('with') });
  expect(alone.skipped).toEqual([{ id: record.id, code: 'IMAGE_UNREADABLE', message: 'no' }]);
  for (const runs of [
    [at('skipping'), at('part-0')],
    [at('part-0'), at('skipping')],
  ]) {
    expect(await mergeRuns({ runs, out: at('with') })).toMatchObject({
      skipped: [],
      pictures: { evaluated: 8, skipped: 0 },
    });
  }
});

it('refuses parts that do not fit', async () => {
  await run('other', { shard: { index: 1, count: 3 }, options: { steps: 4 } });
  const out = at('refused');
  await expect(mergeRuns({ runs: [at('part-0'), at('other')], out })).rejects.toThrow(
    /other settings than .*: options\.steps\n {2}options\.steps: 15 in .*part-0, 4 in .*other/,
  );
  const lines = journalLines(at('part-1'));
  const changed = JSON.parse(unseal(lines[1]!)!) as { counts: number[][]; confused: number[][] };
  // Twice as many pixels of everything: it fits together, and is another result.
  changed.counts = changed.counts.map(([c, ...pixels]) => [c!, ...pixels.map((count) => 2 * count)]);
  changed.confused = changed.confused.map(([label, guess, pixels]) => [label!, guess!, 2 * pixels!]);
  await run('changed', { shard: { index: 1, count: 3 } });
  writeFileSync(path.join(at('changed'), 'journal.jsonl'), `${lines[0]}\n${seal(changed)}\n`);
  await expect(mergeRuns({ runs: [at('part-1'), at('changed')], out })).rejects.toThrow(
    /p0001: .*part-1 and .*changed counted it differently/,
  );
  await expect(mergeRuns({ runs: [at('part-1')], out: at('part-1') })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
  expect(readFileSync(path.join(at('part-1'), 'journal.jsonl'), 'utf8')).toBe(`${lines.join('\n')}\n`);
  await expect(mergeRuns({ runs: [at('part-0'), at('nowhere')], out })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringMatching(/nowhere: there is no such folder/),
  });
  await expect(mergeRuns({ runs: [], out })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

it('reads shards', () => {
  expect(parseShard('0/1')).toEqual({ index: 0, count: 1 });
  expect(parseShard('3/16')).toEqual({ index: 3, count: 16 });
  for (const text of ['1', '4/4', '-1/4', '0/0', '1/x', ' 1/4'])
    expect(() => parseShard(text), text).toThrow(/Expected i\/n/);
});

it('says which picture it could not copy, and only passes over those that were thrown away', async () => {
  const folder = path.join(at('part-1'), 'pictures');
  const [first, second] = readdirSync(folder).map((name) => path.join(folder, name));
  rmSync(first!);
  await mergeRuns({ runs: [at('part-1')], out: at('fewer') });
  // What cannot be read for root either.
  rmSync(second!);
  mkdirSync(second!);
  await expect(mergeRuns({ runs: [at('part-1')], out: at('broken') })).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining(path.basename(second!)),
  });
});
