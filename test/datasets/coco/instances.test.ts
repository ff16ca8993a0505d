import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAnnotation } from '../../../lib/datasets/coco/annotation.js';
import { COCO_IDS } from '../../../lib/datasets/coco/categories.js';
import { InstancesFile } from '../../../lib/datasets/coco/instances.js';
import { cocoIds } from '../../../scripts/datasets/fixtures.mjs';

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'invseg-instances-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const square = [[1, 0, 3, 0, 3, 2, 1, 2]];
const image = (id: number, more = {}) => ({ id, file_name: `${id}.jpg`, width: 4, height: 3, ...more });
const annotation = (id: number, image_id: number, more = {}) => ({
  id,
  image_id,
  category_id: 90,
  segmentation: square,
  area: 4,
  iscrowd: 0,
  ...more,
});
const whole = {
  images: [image(2), image(1)],
  annotations: [annotation(7, 1)],
  categories: COCO_IDS.map((id) => ({ id })),
};
function open(changes = {}): Promise<InstancesFile> {
  writeFileSync(path.join(folder, 'i.json'), JSON.stringify({ ...whole, ...changes }));
  return InstancesFile.open(path.join(folder, 'i.json'));
}
const refused = (message: RegExp) => ({ code: 'DATASET_INVALID', message: expect.stringMatching(message) as string });

it("COCO's 80 ids", () => {
  expect(COCO_IDS).toHaveLength(80);
  expect(COCO_IDS).toEqual(cocoIds);
});

it('gives the pictures in the order of their names, and their objects', async () => {
  const file = await open();
  expect(file.list).toEqual({ ids: ['1', '2'], problems: [] });
  expect(file.annotationCount).toBe(1);
  expect(await file.objects('2')).toEqual([]);
  expect(await file.objects('1')).toEqual([{ label: 80, area: 4, crowd: false, parts: [Uint32Array.of(3, 5, 6, 8)] }]);
});

it('two pictures with one name are a problem of the list', async () => {
  const { list } = await open({ images: [image(1), image(2, { file_name: '1.png' })] });
  expect(list.ids).toEqual(['1']);
  expect(list.problems).toMatchObject([{ id: '1', message: expect.stringContaining('1.png is there twice') }]);
});

it.each<[string, object, RegExp]>([
  ['two ids', { images: [image(1), image(1)] }, /i\.json: two images have the id 1/],
  ['no images', { images: [], annotations: [] }, /lists no images/],
  ['a path', { images: [image(1, { file_name: '../1.jpg' })] }, /file_name "\.\.\/1\.jpg"/],
  ['no width', { images: [image(1, { width: 0 })] }, /expected an integer of at least 1 at image\.width/],
  ['an unknown image', { annotations: [annotation(7, 3)] }, /the image 3, which is not among the images/],
  ['no image', { annotations: [annotation(7, 1, { image_id: 'x' })] }, /image_id/],
  ['other categories', { categories: [{ id: 1 }] }, /not COCO's 80 \(the first that differs has the id 2\)/],
  ['more categories', { categories: [...COCO_IDS, 12].map((id) => ({ id })) }, /has the id 12\)/],
])('the file: %s', async (_, changes, message) => {
  await expect(open(changes)).rejects.toMatchObject(refused(message));
});

describe('an annotation', () => {
  const read = (more: object) =>
    readAnnotation({ ...annotation(7, 1), ...more }, { width: 4, height: 3 }, 'annotation 7');
  it('area is counted where it is not stated', () => {
    expect(read({ area: undefined }).area).toBe(4);
    expect(read({ area: 2.5 }).area).toBe(2.5);
  });
  it('run lengths, plain and as text', () => {
    const parts = [Uint32Array.of(1, 3)];
    expect(read({ segmentation: { size: [3, 4], counts: [1, 2, 9] }, iscrowd: 1 })).toMatchObject({
      parts,
      crowd: true,
    });
    expect(read({ segmentation: { size: [3, 4], counts: '129' } })).toMatchObject({ parts, crowd: false });
  });
  it.each<[string, object, RegExp]>([
    ['category', { category_id: 12 }, /annotation 7: the category 12 is not one of COCO's 80/],
    ['area', { area: -1 }, /area/],
    ['no polygons', { segmentation: [] }, /its segmentation is empty/],
    ['two points', { segmentation: [[1, 2, 3, 4]] }, /polygon 0 is not a list/],
    ['half a point', { segmentation: [...square, [1, 2, 3, 4, 5, 6, 7]] }, /polygon 1 is not a list/],
    ['no number', { segmentation: [[1, 2, 3, 4, 5, null]] }, /polygon 0 has the coordinate null/],
    ['far away', { segmentation: [[1, 2, 3, 4, 5, 1e9]] }, /coordinate 1000000000/],
    ['nothing', { segmentation: undefined }, /segmentation/],
    ['no counts', { segmentation: { size: [3, 4] } }, /expected run lengths/],
    ['another size', { segmentation: { size: [4, 3], counts: [12] } }, /for 3×4, the image is 4×3/],
    [
      'an object as a count',
      { segmentation: { size: [3, 4], counts: [1, JSON.parse('{"toString":null}')] } },
      /annotation 7: a run length is an object with keys toString/,
    ],
    ['no size', { segmentation: { size: [12], counts: [12] } }, /\[height, width\]/],
  ])('refuses: %s', (_, more, message) => {
    expect(() => read(more)).toThrow(expect.objectContaining(refused(message)));
  });
});

it('a file that changes meanwhile is noticed', async () => {
  const file = await open();
  await open({ images: [image(1), image(2)], annotations: [annotation(7, 2)] });
  await expect(file.objects('1')).rejects.toMatchObject(refused(/changed after it was opened|damaged JSON/));
});
