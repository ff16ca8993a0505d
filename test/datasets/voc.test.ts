import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import type { Expected } from '../../scripts/datasets/fixtures.mjs';
import { writeVoc } from '../../scripts/datasets/fixtures.mjs';
import { expectItems, withoutBackground } from './expect.js';

let root: string;
let expected: Expected[];
const home = (...parts: string[]): string => path.join(root, 'VOCdevkit', 'VOC2012', ...parts);
beforeAll(async () => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'invseg-voc-')));
  expected = await writeVoc(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
const open = (options = {}) => openDataset({ kind: 'voc', root, ...options });

it('gives the indices of palette masks, 255 among them', async () => {
  const dataset = await open();
  await expectItems(dataset, expected);
  expect(expected.some(({ labels }) => labels.includes(255))).toBe(true);
  expect(dataset).toMatchObject({ kind: 'voc', root: home(), split: 'val', hasBackground: true });
  expect(dataset.protocol).toBe('PASCAL VOC 2012: SegmentationClass/*.png, 20 classes and background, 255 ignored');
});

it('has the names of the 20 classes, as the data set and as a prompt says them', async () => {
  const { classes } = await open();
  expect(classes.map(({ name }) => name).join(' ')).toBe(
    'background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train tvmonitor',
  );
  expect([1, 11, 16, 20].map((label) => classes[label]!.prompt)).toEqual([
    'airplane',
    'dining table',
    'potted plant',
    'tv monitor',
  ]);
});

it('takes other masks, by name', async () => {
  const dataset = await open({ masks: 'SegmentationClassAug' });
  await expectItems(dataset, expected);
  expect(dataset.protocol).toContain('SegmentationClassAug/*.png');
  await expect(open({ masks: 'Masks' })).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: expect.stringContaining(home('Masks')),
  });
});

it('without background', async () => {
  const dataset = await open({ background: 'ignore' });
  expect(dataset.classes).toHaveLength(20);
  expect(dataset.protocol).toContain('background and 255 ignored');
  await expectItems(dataset, expected, withoutBackground);
});

it('is found from its own folder and from the one above it', async () => {
  for (const folder of [home(), path.join(root, 'VOCdevkit')]) expect((await open({ root: folder })).root).toBe(home());
  await expect(open({ root: home('JPEGImages') })).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: expect.stringMatching(/Expected a folder with JPEGImages but found none at .*VOCdevkit\/VOC2012/),
  });
});

it('reads the list that the split names', async () => {
  writeFileSync(home('ImageSets', 'Segmentation', 'two.txt'), `${expected[5]!.id}\n${expected[1]!.id}\n`);
  await expectItems(await open({ split: 'two' }), [expected[5]!, expected[1]!]);
  await expect(open({ split: 'train' })).rejects.toMatchObject({
    code: 'DATASET_NOT_FOUND',
    message: expect.stringContaining('train.txt'),
  });
});

it('a list without masks of its own', async () => {
  const mask = home('SegmentationClass', `${expected[2]!.id}.png`);
  renameSync(mask, `${mask}.away`);
  await expect((await open()).item(expected[2]!.id)).rejects.toMatchObject({
    code: 'MASK_NOT_FOUND',
    message: expect.stringContaining(mask),
  });
  renameSync(`${mask}.away`, mask);
});
