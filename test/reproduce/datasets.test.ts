/** Tables on the layouts of the real data sets. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TableResult } from '../../lib/reproduce/index.js';
import { writeCoco, writeContext, writeVoc } from '../../scripts/datasets/fixtures.mjs';
import { reproduceCli } from './cli.js';

let top: string;
beforeAll(() => (top = mkdtempSync(path.join(tmpdir(), 'invseg-layouts-'))));
afterAll(() => rmSync(top, { recursive: true, force: true }));
const at = (...parts: string[]): string => path.join(top, ...parts);

const COUNT = 2;
/** Captions for all pictures that the fixtures may have. */
function writeCaptions(file: string, ids: readonly string[]): string {
  writeFileSync(at(file), JSON.stringify(Object.fromEntries(ids.map((id) => [id, 'A cat beside a dog.']))));
  return at(file);
}

async function run(tables: string[], kind: string, more: string[]) {
  const { code, out, err, calls } = await reproduceCli([
    ...tables,
    '--dataset',
    kind,
    '--root',
    at(kind),
    '--names',
    'ground-truth',
    '--out',
    at('out', kind),
    ...more,
  ]);
  expect(code, err).toBe(0);
  const table = (name: string): TableResult =>
    JSON.parse(readFileSync(at('out', kind, `${name}.json`), 'utf8')) as TableResult;
  return { out, calls, table };
}
const heads = (out: string): string[] => out.split('\n').filter((line) => /s\/image/.test(line));

it('PASCAL VOC', async () => {
  const ids = (await writeVoc(at('voc'), { count: COUNT })).map(({ id }) => id);
  const captions = writeCaptions('captions.json', ids);
  const lists = at('lists.json');
  const names = Object.fromEntries(ids.map((id) => [id, ['cat']]));
  writeFileSync(lists, JSON.stringify({ image_similarity: names, text_similarity: names }));
  const { out, table } = await run(['all'], 'voc', ['--captions-llava', captions, '--precomputed', lists]);
  expect(heads(out).map((line) => line.includes('paper mIoU'))).toEqual(Array(7).fill(true));
  expect(heads(out).map((line) => line.includes('paper mAcc'))).toEqual([false, true, true, true, true, true, true]);
  const rows = table('table4').rows;
  expect(rows.map(({ ours, notRun }) => ours?.names ?? notRun)).toEqual([
    expect.stringMatching(/lists\.json/),
    expect.any(String),
    expect.stringMatching(/^captions of captions\.json/),
    'needs --captions-coco',
    expect.stringMatching(/^classes of the ground truth/),
  ]);
  expect(out).toContain('paper prints for VOC.');
});

it('PASCAL Context', async () => {
  await writeContext(at('context'), { count: COUNT });
  const { out, table } = await run(['table1', 'table2'], 'context', ['--index-order', 'alphabetical']);
  // The paper has it in Table 1 only.
  expect(heads(out).map((line) => line.includes('paper mIoU'))).toEqual([true, false]);
  expect(table('table1').rows.at(-1)).toMatchObject({
    paper: { context: { mIoU: 27.8 } },
    ours: { mIoU: { value: expect.any(Number) } },
  });
});

it('COCO Object, with the captions that lie beside it', async () => {
  const ids = (await writeCoco(at('coco'), { count: COUNT })).map(({ id }) => id);
  mkdirSync(at('coco', 'annotations'), { recursive: true });
  const annotations = ids.map((id) => ({ image_id: Number(id), caption: 'A cat beside a dog.' }));
  writeFileSync(at('coco', 'annotations', 'captions_val2017.json'), JSON.stringify({ annotations }));
  const { out, table } = await run(['table1', 'table4'], 'coco', ['--seeds', '2', '--sample', '1']);
  expect(heads(out).every((line) => line.includes('paper mIoU'))).toBe(true);
  expect(table('table4').rows[3]).toMatchObject({
    paper: { coco: { mIoU: 38.3, mAcc: 52.8 } },
    ours: { names: expect.stringMatching(/captions_val2017/), runs: [{ seed: 0 }, { seed: 1 }] },
  });
  expect(out).toContain('paper prints for COCO.');
});

it('pictures that a list of names does not have: left out, without names, or the row does not run', async () => {
  const [first] = (await writeCoco(at('coco'), { count: COUNT })).map(({ id }) => id);
  const lists = at('short.json');
  // As it is published: by the release of 2014.
  const names = { [`COCO_val2014_${first}.jpg`]: ['cat'] };
  writeFileSync(lists, JSON.stringify({ image_similarity: names, text_similarity: names }));
  const grid = ['--methods', 'baseline', '--sources', 'precomputed,ground-truth', '--precomputed', lists];
  const row = async (...rule: string[]) => (await run(['grid'], 'coco', [...grid, ...rule])).table('grid').rows[0]!;
  expect((await row()).ours!.runs[0]!.pictures).toEqual({ evaluated: 1, skipped: 1, unnamed: 0 });
  expect((await row('--on-missing-names', 'empty')).ours!.runs[0]!.pictures).toEqual({
    evaluated: 2,
    skipped: 0,
    unnamed: 1,
  });
  rmSync(at('out', 'coco'), { recursive: true });
  expect(await row('--on-missing-names', 'throw')).toMatchObject({
    notRun: expect.stringContaining('short.json: there are no names for'),
  });
});
