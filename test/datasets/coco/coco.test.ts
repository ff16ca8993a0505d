import { mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../../lib/datasets/index.js';
import { openDataset } from '../../../lib/datasets/index.js';
import type { Expected } from '../../../scripts/datasets/fixtures.mjs';
import { COCO_ID, cocoIds, writeCoco } from '../../../scripts/datasets/fixtures.mjs';
import { expectItems, withoutBackground } from '../expect.js';

let root: string;
let expected: Expected[];
const at = (...parts: string[]): string => path.join(root, ...parts);
beforeAll(async () => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'invseg-coco-')));
  expected = await writeCoco(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
const open = (options: Partial<DatasetOptions> = {}) => openDataset({ kind: 'coco', root, ...options });

describe('three routes, the same labels', () => {
  it.each<[DatasetOptions['route'], string]>([
    [
      'stuffthingmaps',
      'COCO Object by stuffthingmaps: annotations/val2017/*.png, 80 classes and background, nothing ignored',
    ],
    [
      'converted',
      'COCO Object by converted: annotations/val2017/*_instanceTrainIds.png, 80 classes and background, nothing ignored',
    ],
    [
      'instances',
      'COCO Object by instances: annotations/instances_val2017.json, 80 classes and background, overlaps: the smallest object on top, crowds: as their class',
    ],
  ])('%s', async (route, protocol) => {
    const dataset = await open({ route });
    expect(dataset).toMatchObject({ kind: 'coco', split: 'val2017', protocol });
    expect(dataset.classes).toHaveLength(81);
    await expectItems(dataset, expected);
    const without = await open({ route, background: 'ignore' });
    expect(without.classes).toHaveLength(80);
    await expectItems(without, expected, withoutBackground);
  });

  it('auto takes the first that is there', async () => {
    for (const [routes, words] of [
      [['stuffthingmaps', 'converted', 'instances'], 'by stuffthingmaps'],
      [['converted', 'instances'], 'by converted'],
      [['instances'], 'by instances'],
    ] as const) {
      const other = at('auto');
      rmSync(other, { recursive: true, force: true });
      await writeCoco(other, { count: 2, routes: [...routes] });
      expect((await open({ root: other })).protocol).toContain(words);
    }
    await expect(open({ root: at('auto'), route: 'converted' })).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringContaining('_instanceTrainIds.png'),
    });
  });

  it('val is short for val2017, and pictures need no folder images', async () => {
    const other = at('short');
    const list = await writeCoco(other, { count: 2 });
    renameSync(path.join(other, 'images', 'val2017'), path.join(other, 'val2017'));
    renameSync(path.join(other, 'annotations', 'val2017'), path.join(other, 'annotations', 'away'));
    await expectItems(await open({ root: other, split: 'val' }), list);
    await expect(open({ root: other, split: 'train' })).rejects.toMatchObject({
      message: expect.stringContaining('images/train2017: there is no such folder'),
    });
  });
});

it('has the names of COCO by its ids', async () => {
  const { classes } = await open();
  const names = (id: number) => classes[cocoIds.indexOf(id) + 1]!;
  expect([1, 3, 13, 27, 90].map((id) => names(id).name)).toEqual([
    'person',
    'car',
    'stop sign',
    'backpack',
    'toothbrush',
  ]);
});

it('stuffthingmaps: things of 1 to 90 with their gaps, all else is background', async () => {
  const other = at('values');
  const [{ id, width, height }] = (await writeCoco(other, { count: 1, routes: ['stuffthingmaps'] })) as [Expected];
  const data = Uint8Array.from({ length: width * height }, (_, i) => i % 256);
  writeFileSync(
    path.join(other, 'annotations', 'val2017', `${id}.png`),
    encode({ width, height, data, depth: 8, channels: 1 }),
  );
  const { labels } = await (await (await open({ root: other })).item(id)).loadMask();
  expect([...labels.subarray(0, 256)]).toEqual(
    Array.from({ length: 256 }, (_, value) => cocoIds.indexOf(value + 1) + 1),
  );
});

describe('instances', () => {
  it('crowds: as their class, background, or ignored beside objects', async () => {
    // Every second picture has a crowd just behind its first object, and nothing of it is seen.
    for (const crowd of ['background', 'ignore'] as const) {
      const dataset = await open({ route: 'instances', crowd });
      expect(dataset.protocol).toContain(crowd === 'ignore' ? 'crowds: ignored' : 'crowds: background');
      await expectItems(dataset, expected);
    }
  });

  it('overlap: what two classes share is ignored', async () => {
    const dataset = await open({ route: 'instances', overlap: 'ignore' });
    expect(dataset.protocol).toContain('overlaps: ignored');
    // A larger annotation of another class lies behind the first object of every picture.
    const vocLabel = (label: number): number => COCO_ID.indexOf(cocoIds[label - 1]!);
    await expectItems(dataset, expected, ({ labels }) => {
      const first = Math.min(...[...new Set(labels)].filter((label) => label > 0).map(vocLabel));
      return labels.map((label) => (label > 0 && vocLabel(label) === first ? 255 : label));
    });
  });

  it('a picture of another size than the file says is an error that names both', async () => {
    const other = at('size');
    const [{ id }] = (await writeCoco(other, { count: 1, routes: ['instances'] })) as [Expected];
    const file = path.join(other, 'annotations', 'instances_val2017.json');
    const json = JSON.parse(readFileSync(file, 'utf8')) as { images: { width: number }[] };
    json.images[0]!.width = 64;
    writeFileSync(file, JSON.stringify(json));
    await expect((await (await open({ root: other })).item(id)).loadMask()).rejects.toMatchObject({
      code: 'MASK_INVALID',
      message: expect.stringMatching(/instances_val2017\.json: 000000000139\.jpg: the mask is 64×92, its image 128×92/),
    });
  });
});
