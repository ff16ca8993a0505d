import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { saveResult } from '../../lib/results/index.js';
import type { SegmentResult } from '../../lib/segmenter/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeEngine, fakeParts, picture } from '../segmenter/fake.js';

const root = mkdtempSync(path.join(tmpdir(), 'invseg-save-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const segmenter = Segmenter.of(fakeParts(new FakeEngine()));
const { info } = segmenter;
let folder: string;
let result: SegmentResult;
beforeEach(async () => {
  folder = mkdtempSync(path.join(root, 'out-'));
  result = await segmenter.segment(picture(), { categories: ['cat'], steps: 1, saveMaps: true });
});

const image = () => ({
  rgb: new Uint8Array(result.width * result.height * 3),
  width: result.width,
  height: result.height,
});
const save = (more: object = {}, given: unknown = result) =>
  saveResult(given as SegmentResult, { folder, name: 'x', image: image(), info, ...more });

describe('saveResult', () => {
  it('writes labels, overlay, maps and a report that names them', async () => {
    const { files, report } = await save({ source: 'cat.jpg' });
    expect(readdirSync(folder).sort()).toEqual([...Object.values(files), 'x.json'].sort());
    expect(JSON.parse(readFileSync(path.join(folder, 'x.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(report)));
    expect(report).toMatchObject({ image: 'cat.jpg', files, labels: 'background-last' });
  });

  it('leaves an earlier result whole where it is refused', async () => {
    await save();
    const before = readdirSync(folder).map((file) => readFileSync(path.join(folder, file)));
    const small = { rgb: new Uint8Array(12), width: 2, height: 2 };
    await expect(save({ image: small })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    expect(readdirSync(folder).map((file) => readFileSync(path.join(folder, file)))).toEqual(before);
  });

  it.each([
    [{ name: '..' }, 'INVALID_OPTION'],
    [{ name: 'a/b' }, 'INVALID_OPTION'],
    [{ name: 'a\\b' }, 'INVALID_OPTION'],
    [{ name: 'a\0' }, 'INVALID_OPTION'],
    [{ info: {} }, 'INVALID_OPTION'],
    [{ hasBackground: 'x' }, 'INVALID_OPTION'],
    [{ names: 3 }, 'INVALID_OPTION'],
    [{ pallete: 'voc' }, 'INVALID_OPTION'],
    [{ create: false, folder: '/nowhere/at/all' }, 'OUTPUT_FAILED'],
  ])('refuses %j and writes nothing', async (more, code) => {
    await expect(save(more)).rejects.toMatchObject({ code });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses what is no result', async () => {
    for (const odd of [null, {}, { ...result, labels: new Uint8Array(3) }])
      await expect(save({}, odd)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_OPTION|SHAPE_MISMATCH/),
      });
    const maps = { ...result.maps!, size: 99 };
    await expect(save({}, { ...result, maps })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
