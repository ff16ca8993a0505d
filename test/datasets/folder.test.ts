import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { DatasetItem } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';

const pictures = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));
const names = (JSON.parse(readFileSync(path.join(pictures, 'names.json'), 'utf8')) as { classes: string[] }).classes;
const ids = Array.from({ length: 12 }, (_, i) => String(i).padStart(4, '0'));

let root: string;
const at = (...parts: string[]): string => path.join(root, ...parts);
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'invseg-folder-'));
  cpSync(path.join(pictures, 'pictures'), at('images'), { recursive: true });
  cpSync(path.join(pictures, 'masks'), at('masks'), { recursive: true });
  writeFileSync(at('classes.json'), JSON.stringify(names));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (options = {}) => openDataset({ kind: 'folder', root, ...options });
async function all(items: AsyncIterable<DatasetItem>): Promise<DatasetItem[]> {
  const list: DatasetItem[] = [];
  for await (const item of items) list.push(item);
  return list;
}

it('gives every picture with its mask', async () => {
  const dataset = await open();
  expect(dataset.classes.map(({ name }) => name)).toEqual(['background', ...names]);
  expect(dataset).toMatchObject({ kind: 'folder', hasBackground: true, split: undefined, skipped: [] });
  expect(dataset.protocol).toContain('20 classes and background');
  expect(dataset.ids).toHaveLength(12);
  const items = await all(dataset);
  expect(items.map(({ id }) => id)).toEqual(ids);
  for (const item of items) {
    expect(item.size).toEqual({ width: 128, height: 128 });
    expect(item.imagePath).toBe(at('images', `${item.id}.png`));
    const mask = await item.loadMask();
    expect(mask).toMatchObject({ width: 128, height: 128 });
    expect(mask.labels).toEqual(Uint8Array.from(decode(readFileSync(at('masks', `${item.id}.png`))).data));
  }
});

it('takes extensions in capitals, as cameras write them', async () => {
  const [first, second] = ids as [string, string];
  renameSync(at('images', `${first}.png`), at('images', `${first}.PNG`));
  renameSync(at('images', `${second}.png`), at('images', `${second}.Png`));
  const items = await all(await open());
  expect(items.slice(0, 2).map(({ imagePath }) => imagePath)).toEqual([
    at('images', `${first}.PNG`),
    at('images', `${second}.Png`),
  ]);
});

it('goes by the names that a mask has itself', async () => {
  writeFileSync(at('classes.json'), JSON.stringify(['cat', { name: 'sofa', prompt: 'couch', synonyms: ['settee'] }]));
  const mask = (names: string[], background: number | null, values = [0, 1, 2, 255]): void => {
    const labels = new Uint8Array(128 * 128).fill(values.at(-1)!);
    labels.set(values);
    writeFileSync(at('masks', '0000.png'), encodeLabels(labels, 128, 128, vocPalette(), { names, background }));
  };
  const read = async (options = {}) => [
    ...(await (await (await open(options)).item('0000')).loadMask()).labels.subarray(0, 4),
  ];
  for (const name of ['sofa', 'Couch', 'settee']) {
    mask([name, 'cat', 'background'], 2);
    expect(await read(), name).toEqual([2, 1, 0, 255]);
    expect(await read({ background: 'ignore' }), name).toEqual([1, 0, 255, 255]);
  }
  mask(['everything else', 'cat', 'sofa'], 0);
  expect(await read()).toEqual([0, 1, 2, 255]);
  // A name that no pixel has does no harm.
  mask(['sofa', 'cat', 'background', 'dog'], 2);
  expect(await read()).toEqual([2, 1, 0, 255]);
  mask(['sofa', 'dog', 'background'], 2);
  await expect(read()).rejects.toMatchObject({
    code: 'MASK_INVALID',
    message: expect.stringMatching(/0000\.png: its label 1 is "dog", which is not a class/),
  });
  mask(['sofa', 'cat'], null);
  await expect(read()).rejects.toMatchObject({
    code: 'MASK_INVALID',
    message: expect.stringMatching(/0000\.png: pixel \(2, 0\) has the value 2/),
  });
});

it('takes a list, in its order', async () => {
  mkdirSync(at('lists'));
  writeFileSync(at('lists', 'val.txt'), '\uFEFF0007\r\n\r\n 0002 \n');
  const dataset = await open({ split: 'val' });
  expect(dataset).toMatchObject({ split: 'val', ids: ['0007', '0002'] });
  expect((await all(dataset)).map(({ id }) => id)).toEqual(['0007', '0002']);
  expect((await dataset.item('0002')).id).toBe('0002');
  await expect(dataset.item('0001')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

it('without background labels shift down and 0 is ignored', async () => {
  const dataset = await open({ background: 'ignore' });
  expect(dataset.hasBackground).toBe(false);
  expect(dataset.classes.map(({ name }) => name)).toEqual(names);
  const { labels } = await (await dataset.item('0000')).loadMask();
  const { labels: full } = await (await (await open()).item('0000')).loadMask();
  expect(labels).toEqual(full.map((label) => (label === 0 ? 255 : label - 1)));
});

it('reads prompts and synonyms, or plain lines', async () => {
  writeFileSync(
    at('classes.json'),
    JSON.stringify(['cat', { name: 'sofa', synonyms: ['couch'] }, { name: 'tv', prompt: 'tv monitor' }]),
  );
  expect((await open()).classes.slice(1)).toEqual([
    { name: 'cat', prompt: 'cat', synonyms: [] },
    { name: 'sofa', prompt: 'sofa', synonyms: ['couch'] },
    { name: 'tv', prompt: 'tv monitor', synonyms: [] },
  ]);
  rmSync(at('classes.json'));
  writeFileSync(at('classes.txt'), 'cat\r\n\r\npotted plant\n');
  expect((await open()).classes.map(({ name }) => name)).toEqual(['background', 'cat', 'potted plant']);
});

it.each<[string, string, RegExp]>([
  ['no names', '[]', /classes\.json:1:1: expected at least one class/],
  ['background', '["cat",\n "Background"]', /classes\.json:2:2: background is added by itself and not listed/],
  ['twice', '["cat", "cat"]', /"cat" is \[0\] too/],
  ['no JSON', '["cat",', /it is not valid JSON/],
  ['no list', '{"cat": 1}', /unknown key "cat"/],
  ['no name', '[{"prompt": "cat"}]', /expected a name at/],
  [
    'too many',
    JSON.stringify(Array.from({ length: 255 }, (_, i) => `c${i}`)),
    /expected at most 254 classes but found 255/,
  ],
])('classes.json: %s', async (_, text, message) => {
  writeFileSync(at('classes.json'), text);
  const error = await open().catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'NAMES_INVALID', message: expect.stringMatching(message) });
  expect((error as Error).message).toContain(at('classes.json'));
});

it('classes.txt: an error names the line', async () => {
  rmSync(at('classes.json'));
  writeFileSync(at('classes.txt'), 'cat\n\nBackground\n');
  await expect(open()).rejects.toMatchObject({
    code: 'NAMES_INVALID',
    message: expect.stringContaining(`${at('classes.txt')}:3:`),
  });
});

it('says what is missing', async () => {
  rmSync(at('classes.json'));
  await expect(open()).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: expect.stringContaining('classes.txt'),
  });
});
