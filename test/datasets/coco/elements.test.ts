import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Element } from '../../../lib/datasets/coco/elements.js';
import { readElements } from '../../../lib/datasets/coco/elements.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'invseg-elements-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = () => path.join(folder, 'a.json');
async function read(content: string | Buffer, keys = ['images', 'annotations']): Promise<Element[]> {
  writeFileSync(file(), content);
  const found: Element[] = [];
  await readElements(file(), keys, (element) => found.push(element));
  return found;
}

it('gives the elements of the lists, with their place', async () => {
  const text = ` {"info": {"images": [{"no": 1}]}, "images":[{"id": 1},{ "id":2, "s": "}]{[\\\\\\"" }] , "other": [{"id": 9}, 3], "n": -1.5e3,\n"annotations": [ {"x": [[1, 2], {"y": "é"}]}, {} ]}\n`;
  const found = await read(text);
  expect(found.map(({ key, value }) => [key, value])).toEqual([
    ['images', { id: 1 }],
    ['images', { id: 2, s: '}]{[\\"' }],
    ['annotations', { x: [[1, 2], { y: 'é' }] }],
    ['annotations', {}],
  ]);
  const bytes = readFileSync(file());
  for (const { value, offset, length } of found)
    expect(JSON.parse(bytes.toString('utf8', offset, offset + length))).toEqual(value);
});

it('whatever piece of the file an element begins and ends in', async () => {
  // Three times the size of a piece, with elements from a few bytes to most of a piece.
  const images = Array.from({ length: 80 }, (_, i) => ({ id: i, name: '"ü]'.repeat((i * 997) % 20_000) }));
  const found = await read(JSON.stringify({ images, annotations: [] }));
  expect(found.map(({ value }) => value)).toEqual(images);
  const bytes = readFileSync(file());
  expect(bytes.length).toBeGreaterThan(3 * 2 ** 20);
  for (const { value, offset, length } of found)
    expect(JSON.parse(bytes.toString('utf8', offset, offset + length))).toEqual(value);
});

it('a byte order mark does no harm', async () => {
  expect(await read('\uFEFF{"images": [{}], "annotations": []}')).toHaveLength(1);
});

describe('refuses', () => {
  it.each<[string, string, RegExp]>([
    ['an empty file', '', /a\.json: it is empty/],
    ['no object', '[1]', /expected a JSON object \(byte 0\)/],
    ['text', 'version https://git-lfs', /expected a JSON object/],
    ['a truncated file', '{"images": [{"id": 1}, {"id":', /truncated/],
    ['a truncated string', '{"images": [{"id": "', /truncated/],
    ['two objects', '{"images": [], "annotations": []}{}', /something follows the end/],
    ['a list without its key', '{"images": []}', /there is no list "annotations"/],
    ['a value that is no list', '{"images": {}, "annotations": 1}', /no list "images" and no list "annotations"/],
    ['numbers as elements', '{"images": [{"id": 1}, 7]}', /expected objects in the list "images"/],
    ['lists as elements', '{"images": [[]]}', /expected objects in the list "images"/],
    ['damaged elements', '{"images": [{"id": 1,,}], "annotations": []}', /damaged JSON at byte 12/],
    ['a bracket too many', '{"images": []}}', /something follows|not opened/],
  ])('%s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message),
    });
  });
  it('a file that is not there', async () => {
    await expect(readElements(path.join(folder, 'none.json'), [], () => {})).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringContaining('none.json: there is no such file'),
    });
  });
});
