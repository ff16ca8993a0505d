import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listImages } from '../../lib/image/list.js';

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'invseg-list-'));
  await mkdir(at('below', 'deep'), { recursive: true });
  await mkdir(at('none'));
  for (const name of ['b.png', 'a.JPG', 'c[1].webp', 'notes.txt', '.hidden.png', 'below/d.tif', 'below/deep/e.gif']) {
    await writeFile(at(name), '');
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cases: [string, string[], string[]][] = [
  ['a file', ['b.png'], ['b.png']],
  ['a file of any name', ['notes.txt'], ['notes.txt']],
  ['a file with brackets', ['c[1].webp'], ['c[1].webp']],
  ['a folder, not what is below', ['.'], ['a.JPG', 'b.png', 'c[1].webp']],
  ['a glob', ['*.png'], ['b.png']],
  ['a deep glob', ['**/*'], ['a.JPG', 'b.png', 'below/d.tif', 'below/deep/e.gif', 'c[1].webp']],
  ['braces', ['{b.png,below/d.tif}'], ['b.png', 'below/d.tif']],
  ['the same file three times', ['b.png', './b.png', '*.png'], ['b.png']],
  ['sorted', ['below/d.tif', 'b.png'], ['b.png', 'below/d.tif']],
];
it.each(cases)('%s', async (_, patterns, expected) => {
  expect(await listImages(patterns.map((pattern) => `${folder}/${pattern}`))).toEqual(expected.map((name) => at(name)));
});

it('relative paths stay relative', async () => {
  const relative = path.relative(process.cwd(), at('b.png'));
  expect(await listImages([relative])).toEqual([relative]);
});

describe('nothing found', () => {
  it.each([
    ['a missing file', ['b.png', 'x.png'], /x\.png": there is no such file or folder/],
    ['a glob', ['*.bmp'], /\*\.bmp": no image matches/],
    ['a folder without images', ['none'], /none": the folder has no image \(\.avif/],
  ])('%s', async (_, patterns, message) => {
    const error = await listImages(patterns.map((pattern) => `${folder}/${pattern}`)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    expect((error as Error).message).toMatch(message);
  });
  it('an empty pattern', async () => {
    await expect(listImages([''])).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });
});
