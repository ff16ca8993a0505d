/**
 * Small data sets in the layouts of the real ones, made from the pictures of test/fixtures/pictures: the tests' material,
 * and something to try the commands on.
 *
 *     node scripts/datasets/fixtures.mjs OUT [--count 12]
 *
 * writes OUT/{folder,voc,context-png,context-mat,coco}. Every function returns what a reader should find, computed here and
 * not read back.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'fast-png';
import sharp from 'sharp';
import { instancesJson } from './fixtures-coco.mjs';
import { matlabFile } from './fixtures-matlab.mjs';

const SOURCE = fileURLToPath(new URL('../../test/fixtures/pictures/', import.meta.url));

/** VOC's label → what the other data sets call the same class. */
const CONTEXT_RAW = [0, 2, 23, 25, 31, 34, 45, 59, 65, 72, 98, 397, 113, 207, 258, 284, 308, 347, 368, 416, 427];
const CONTEXT_ALPHABETICAL = [0, 1, 6, 7, 8, 10, 12, 14, 15, 17, 20, 50, 23, 31, 34, 37, 40, 43, 49, 52, 55];
const SKY = { raw: 360, alphabetical: 47, vocFirst: 50 };
const GRASS = { raw: 187, alphabetical: 29, vocFirst: 36 };
export const COCO_ID = [0, 5, 2, 16, 9, 44, 6, 3, 17, 62, 21, 67, 18, 19, 4, 1, 64, 20, 63, 7, 72];

/** COCO's category ids in order; the label is the place + 1. */
const gaps = new Set([12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);
export const cocoIds = Array.from({ length: 90 }, (_, i) => i + 1).filter((id) => !gaps.has(id));
const cocoLabel = COCO_ID.map((id) => cocoIds.indexOf(id) + 1);

/** The twelve pictures, each cut to a size of its own, so that no side is mistaken for another. */
async function sources() {
  return Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const name = `${String(i).padStart(4, '0')}.png`;
      const [width, height] = [128 - 3 * i, 92 + 2 * i];
      const file = path.join(SOURCE, 'pictures', name);
      const jpeg = await sharp(file)
        .extract({ left: 0, top: 128 - height, width, height })
        .jpeg()
        .toBuffer();
      const { data } = decode(readFileSync(path.join(SOURCE, 'masks', name)));
      const labels = new Uint8Array(width * height);
      for (let y = 0; y < height; y++)
        labels.set(data.subarray((y + 128 - height) * 128, (y + 128 - height) * 128 + width), y * width);
      return { width, height, jpeg, labels };
    }),
  );
}

let cached;
/** `count` pictures, the twelve over and over, with their ids. */
async function pictures(count, idOf) {
  const twelve = await (cached ??= sources());
  return Array.from({ length: count }, (_, i) => ({ id: idOf(i), ...twelve[i % 12] }));
}

function write(root, parts, content) {
  const file = path.join(root, ...parts);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

const grey = ({ width, height }, data) => encode({ width, height, data, depth: 8, channels: 1 });
/** Colours that are no indices: a reader that goes through them fails. */
const palette = Array.from({ length: 256 }, (_, i) => [(i * 37) % 256, (i * 91) % 256, (i * 13) % 256]);
const indexed = ({ width, height }, data) => encode({ width, height, data, depth: 8, channels: 1, palette });

const expected = (list, labelsOf) =>
  list.map((picture) => ({ id: picture.id, width: picture.width, height: picture.height, labels: labelsOf(picture) }));

/** VOC's masks have a line of 255 around every object. */
function withBorders({ width, height, labels }) {
  return labels.map((label, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (x + 1 < width && labels[i + 1] !== label) || (y + 1 < height && labels[i + width] !== label) ? 255 : label;
  });
}

/** The user's own layout, without a list. */
export async function writeFolder(root, { count = 12 } = {}) {
  const list = await pictures(count, (i) => `picture-${String(i).padStart(5, '0')}`);
  const { classes } = JSON.parse(readFileSync(path.join(SOURCE, 'names.json'), 'utf8'));
  write(root, ['classes.json'], JSON.stringify(classes));
  for (const picture of list) {
    write(root, ['images', `${picture.id}.jpg`], picture.jpeg);
    write(root, ['masks', `${picture.id}.png`], grey(picture, picture.labels));
  }
  return expected(list, ({ labels }) => labels);
}

/** VOCdevkit/VOC2012, palette masks, and the same in grey as SegmentationClassAug. */
export async function writeVoc(root, { count = 12 } = {}) {
  const list = await pictures(count, (i) => `2007_${String(i).padStart(6, '0')}`);
  const home = ['VOCdevkit', 'VOC2012'];
  for (const picture of list) {
    write(root, [...home, 'JPEGImages', `${picture.id}.jpg`], picture.jpeg);
    write(root, [...home, 'SegmentationClass', `${picture.id}.png`], indexed(picture, withBorders(picture)));
    write(root, [...home, 'SegmentationClassAug', `${picture.id}.png`], grey(picture, withBorders(picture)));
  }
  write(root, [...home, 'ImageSets', 'Segmentation', 'val.txt'], list.map(({ id }) => `${id}\n`).join(''));
  return expected(list, withBorders);
}

/** Context's stuff: the sky above, then ids that are none of the 59, grass below. */
function contextOf({ width, height, labels }, key) {
  return Uint16Array.from(labels, (label, i) => {
    const y = Math.floor(i / width) / height;
    if (label > 0)
      return {
        raw: CONTEXT_RAW,
        alphabetical: CONTEXT_ALPHABETICAL,
        vocFirst: Array.from({ length: 21 }, (_, k) => k),
      }[key][label];
    if (y < 0.3) return SKY[key];
    if (y > 0.6) return GRASS[key];
    return key === 'raw' ? [0, 1, 459][i % 3] : 0;
  });
}

/**
 * VOCdevkit/VOC2010. `format: 'png'` is a conversion with its own list, in the order asked for; `'mat'` the raw release with
 * VOC's list.
 */
export async function writeContext(root, { count = 12, format = 'png', order = 'alphabetical' } = {}) {
  const list = await pictures(count, (i) => `2008_${String(i).padStart(6, '0')}`);
  const home = ['VOCdevkit', 'VOC2010'];
  const key = order === 'alphabetical' ? 'alphabetical' : 'vocFirst';
  for (const [i, picture] of list.entries()) {
    write(root, [...home, 'JPEGImages', `${picture.id}.jpg`], picture.jpeg);
    if (format === 'png') {
      write(
        root,
        [...home, 'SegmentationClassContext', `${picture.id}.png`],
        indexed(picture, Uint8Array.from(contextOf(picture, key))),
      );
    } else {
      const file = matlabFile('LabelMap', contextOf(picture, 'raw'), picture.height, picture.width, {
        big: i % 4 === 3,
        compressed: i % 3 !== 2,
      });
      write(root, [...home, 'trainval', `${picture.id}.mat`], file);
    }
  }
  const folder = format === 'png' ? 'SegmentationContext' : 'Main';
  write(root, [...home, 'ImageSets', folder, 'val.txt'], list.map(({ id }) => `${id}\n`).join(''));
  return expected(list, (picture) => Uint8Array.from(contextOf(picture, key)));
}

/**
 * COCO's val2017 by the routes asked for. The JSON has polygons, both kinds of run lengths, a crowd, and a small object
 * within a large one; its `labels` are those of `crowd: 'class'` and `overlap: 'smallest'`.
 */
export async function writeCoco(root, { count = 12, routes = ['stuffthingmaps', 'converted', 'instances'] } = {}) {
  const list = await pictures(count, (i) => String(139 + 7 * i).padStart(12, '0'));
  for (const picture of list) {
    const { id, labels } = picture;
    write(root, ['images', 'val2017', `${id}.jpg`], picture.jpeg);
    // Stuff (from 91 on) and unlabelled pixels take turns in the background.
    const raw = labels.map((label, i) => (label > 0 ? COCO_ID[label] - 1 : [255, 123, 181][i % 3]));
    if (routes.includes('stuffthingmaps')) write(root, ['annotations', 'val2017', `${id}.png`], grey(picture, raw));
    if (routes.includes('converted')) {
      write(
        root,
        ['annotations', 'val2017', `${id}_instanceTrainIds.png`],
        grey(
          picture,
          labels.map((label) => cocoLabel[label]),
        ),
      );
    }
  }
  if (routes.includes('instances')) {
    write(root, ['annotations', 'instances_val2017.json'], JSON.stringify(instancesJson(list, COCO_ID, cocoIds)));
  }
  return expected(list, ({ labels }) => labels.map((label) => cocoLabel[label]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, , number] = process.argv.slice(2);
  if (out === undefined) {
    console.error('usage: fixtures.mjs OUT [--count 12]');
    process.exit(1);
  }
  const count = Number(number ?? 12);
  await writeFolder(path.join(out, 'folder'), { count });
  await writeVoc(path.join(out, 'voc'), { count });
  await writeContext(path.join(out, 'context-png'), { count });
  await writeContext(path.join(out, 'context-mat'), { count, format: 'mat' });
  await writeCoco(path.join(out, 'coco'), { count });
  console.log(
    `${count} pictures each: ${['folder', 'voc', 'context-png', 'context-mat', 'coco'].map((name) => path.join(out, name)).join(', ')}`,
  );
}
