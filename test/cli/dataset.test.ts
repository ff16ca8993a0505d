import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../lib/cli/flags/dataset.js';
import type { DatasetCheck } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { createNameSource } from '../../lib/names/index.js';
import { writeCoco, writeContext, writeFolder, writeVoc } from '../../scripts/datasets/fixtures.mjs';
import { command } from '../support/command.js';

let root: string;
beforeEach(() => (root = realpathSync(mkdtempSync(path.join(tmpdir(), 'invseg-check-')))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const check = (kind: string, ...args: string[]) =>
  command(['dataset', 'check', '--kind', kind, ...(kind === 'miniature' ? [] : ['--root', root]), ...args]);
async function json(kind: string, ...args: string[]): Promise<DatasetCheck & { code: number }> {
  const { code, out } = await check(kind, '--json', ...args);
  return { ...(JSON.parse(out) as DatasetCheck), code };
}

it("miniature: the package's own pictures, each with a caption that names some of it", async () => {
  const { code, out } = await check('miniature', '--sample', '300', '--json');
  expect(code).toBe(0);
  const found = JSON.parse(out) as DatasetCheck;
  expect(found).toMatchObject({ ok: true, listed: 300, incomplete: [], classes: 21 });
  // The drawings' set has no table.
  expect(found.sample!.histogram.filter(({ pictures }) => pictures === 0).map(({ name }) => name)).toEqual([
    'dining table',
  ]);
  const dataset = await openDataset(datasetOptions('miniature', {}));
  const captions = await createNameSource('captions', {
    vocabulary: dataset.vocabulary,
    captions: path.join(dataset.root, 'captions.json'),
  });
  const truth = await createNameSource('ground-truth', dataset);
  for await (const item of dataset) {
    const { names } = await captions.namesFor(item);
    expect(names.length, item.id).toBeGreaterThan(0);
    expect((await truth.namesFor(item)).names, item.id).toEqual(expect.arrayContaining([...names]));
  }
  expect(() => datasetOptions('miniature', { root: '/data' })).toThrow(/its own root/);
});

describe('a whole data set', () => {
  it('folder: what is there, and a histogram of the sample', async () => {
    const expected = await writeFolder(root);
    const { code, out, err } = await check('folder');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`images: ${root}/images, 12 files`);
    expect(out).toContain('all images: 12 images, each with its mask');
    expect(out).toMatch(/sample: 12 masks, all read; 0\.00 % of the pixels ignored; 12 of 21 classes occur/);
    expect(out).toContain('all is well');

    const found = await json('folder');
    expect(found).toMatchObject({ code: 0, ok: true, listed: 12, incomplete: [], split: null, classes: 21 });
    const pixels = expected.reduce((sum, { labels }) => sum + labels.filter((label) => label === 12).length, 0);
    const all = expected.reduce((sum, { labels }) => sum + labels.length, 0);
    expect(found.sample!.histogram[12]).toEqual({ label: 12, name: 'dog', pixels, share: pixels / all, pictures: 4 });
  });

  it('folder: warns of masks whose background is the last index', async () => {
    const written = await writeFolder(root);
    expect((await check('folder')).out).not.toContain('warning');
    for (const { id, labels, width, height } of written) {
      const last = labels.map((label) => (label === 0 ? 20 : label - 1));
      writeFileSync(path.join(root, 'masks', `${id}.png`), encodeLabels(last, width, height, vocPalette()));
    }
    const { code, out } = await check('folder');
    expect(code).toBe(0);
    expect(out).toContain('warning: index 0, the background, is in no mask of the sample the most common one');
    expect((await check('folder', '--background', 'ignore')).out).not.toContain('warning: index 0');
  });

  it('voc: the lists that there are, and that this one is not the published one', async () => {
    await writeVoc(root);
    const { code, out } = await check('voc', '--sample', '3');
    expect(code).toBe(0);
    expect(out).toContain('(val)');
    expect(out).toContain('protocol: PASCAL VOC 2012: SegmentationClass/*.png');
    expect(out).toContain('sample: 3 masks, all read');
    expect(out).toContain('warning: the list has 12 images, the published one 1449; figures do not compare');
  });

  it('context: the same labels by both orders', async () => {
    await writeContext(root, { order: 'voc-first' });
    const { findings } = await json('context', '--index-order', 'voc-first');
    const [note] = findings.filter(({ level }) => level === 'note');
    expect(note!.text).toMatch(
      /most of the sample is .*(sky|grass).* in the order voc-first; in the order alphabetical it would be/,
    );
    rmSync(root, { recursive: true });
    await writeContext(root, { format: 'mat' });
    expect(
      (await json('context', '--index-order', 'alphabetical')).findings.filter(({ level }) => level === 'note'),
    ).toEqual([]);
  });

  it('coco: which route', async () => {
    await writeCoco(root, { routes: ['instances'] });
    const { code, out } = await check('coco', '--split', 'val', '--crowd', 'ignore');
    expect(code).toBe(0);
    expect(out).toContain('protocol: COCO Object by instances');
    expect(out).toContain('masks (PNG): not there');
    expect(out).toContain('stuffthingmaps_trainval2017.zip');
  });
});

describe('what is wrong', () => {
  it('a picture without mask and a damaged mask: named, counted, exit code 1', async () => {
    const [a, b] = await writeVoc(root);
    const masks = path.join(root, 'VOCdevkit', 'VOC2012', 'SegmentationClass');
    rmSync(path.join(masks, `${a!.id}.png`));
    writeFileSync(path.join(masks, `${b!.id}.png`), 'no image');
    const { code, out } = await check('voc');
    expect(code).toBe(1);
    expect(out).toContain(`${a!.id}.png: there is no mask for the image [MASK_NOT_FOUND]`);
    expect(out).toContain(`${b!.id}.png: it is not a PNG [MASK_INVALID]`);
    const found = await json('voc');
    expect(found).toMatchObject({ ok: false, incomplete: [{ id: a!.id, code: 'MASK_NOT_FOUND' }] });
    expect(found.sample!.failed.map(({ id }) => id)).toEqual([a!.id, b!.id]);
  });

  it('masks without an image; a folder that is called like an image is none', async () => {
    await writeFolder(root);
    const { listed } = await json('folder');
    mkdirSync(path.join(root, 'images', 'x.jpg'));
    const [mask] = readdirSync(path.join(root, 'masks'));
    for (const name of ['spare.png', 'x.png']) cpSync(path.join(root, 'masks', mask!), path.join(root, 'masks', name));
    const found = await json('folder');
    expect(found).toMatchObject({ ok: true, listed });
    expect(found.findings).toContainEqual({
      level: 'warning',
      text: '2 masks have no image of that name: spare.png, x.png',
    });
  });

  it('nothing there: what is missing and how to get it', async () => {
    const { code, out } = await check('coco');
    expect(code).toBe(1);
    expect(out).toContain(`images: missing, looked for at ${root}/images/val2017\n    unpack val2017.zip into images`);
    expect(out).toContain('error: ');
    expect(out).toContain('not usable: get the images');
    expect(await json('coco')).toMatchObject({ code: 1, ok: false, protocol: null, sample: null });
  });

  it('another kind of data set', async () => {
    await writeCoco(root, { count: 1 });
    expect((await check('voc')).out).toContain('note: the folder looks like the kind coco (--kind coco)');
  });

  it('a folder that is not there', async () => {
    rmSync(root, { recursive: true });
    const { code, out } = await check('folder');
    expect(code).toBe(1);
    expect(out).toContain(`error: ${root}: there is no such folder`);
  });

  it.each<[string[], RegExp]>([
    [
      ['imagenet'],
      /Expected "folder", "voc", "context", "coco" or "miniature" for --kind but received the string "imagenet"/,
    ],
    [['voc', '--sample', '0'], /Expected an integer from 1 to 1000000 for sample/],
    [['voc', '--crowd', 'ignore'], /crowd is an option of coco, not of voc/],
    [['miniature', '--crowd', 'ignore'], /crowd is an option of coco, not of miniature/],
    [['context'], /Expected indexOrder \(--index-order\)/],
    [['voc', '--links', 'maybe'], /Expected "refuse" or "follow" for --links/],
  ])('wrong usage: %s', async ([kind, ...args], message) => {
    await writeContext(root, { count: 1 });
    const { code, err } = await check(kind!, ...args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
