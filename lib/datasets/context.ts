/**
 * PASCAL Context, 59 classes:
 *
 *     VOCdevkit/VOC2010/JPEGImages/*.jpg
 *     VOCdevkit/VOC2010/SegmentationClassContext/*.png         0 background, 1–59 the classes, 255 ignored
 *     VOCdevkit/VOC2010/trainval/*.mat                         or the raw release: LabelMap, ids 0–459
 *     VOCdevkit/VOC2010/ImageSets/SegmentationContext/val.txt  the conversion's list; without it Main/val.txt, the original
 *
 * Two orders of the classes are in use, and a PNG does not say which it has: `indexOrder` must.
 */
import { InvSegError } from '../errors.js';
import { loadVocabulary } from '../names/index.js';
import { CONTEXT_IDS, contextTable } from './context-ids.js';
import type { DatasetParts, Located } from './dataset.js';
import type { LabelTable } from './labels.js';
import { applyTable, plainTable, withoutBackground } from './labels.js';
import type { IdList } from './lists.js';
import { readList } from './lists.js';
import { readMatrix } from './matlab.js';
import type { ResolvedOptions } from './options.js';
import type { Root } from './places.js';
import { invalid } from './png-mask.js';
import { findMask, findPicture, pngLabels } from './png-source.js';

const MASK_FOLDERS = ['SegmentationClassContext', 'trainval'] as const;
const LISTS = ['SegmentationContext', 'Main'] as const;

/** @throws {InvSegError} `INVALID_OPTION` without `indexOrder`; `DATASET_NOT_FOUND`, `DATASET_INVALID` */
export async function openContext(root: Root, options: ResolvedOptions): Promise<DatasetParts> {
  const { split = 'val', indexOrder, background } = options;
  if (indexOrder === undefined) {
    throw new InvSegError(
      'INVALID_OPTION',
      'Expected indexOrder (--index-order), alphabetical or voc-first: two orders of the 59 classes are in use and masks do ' +
        'not tell',
    );
  }
  const home = await root.descend(['', 'VOC2010', 'VOCdevkit/VOC2010'], 'JPEGImages');
  const masks = await maskFolder(home, options.masks);
  const raw = (await home.list(masks)).some((name) => name.endsWith('.mat'));
  const vocabulary = await loadVocabulary(indexOrder === 'alphabetical' ? 'context-alphabetical' : 'context-voc-first');
  const list = await findList(home, split);
  const hasBackground = background === 'class';
  const full = raw ? contextTable(indexOrder) : plainTable(vocabulary.classes.length + 1);
  const table = hasBackground ? full : withoutBackground(full);
  const ending = raw ? '.mat' : '.png';
  return {
    root: home.folder,
    split,
    vocabulary,
    hasBackground,
    protocol: [
      `PASCAL Context: ${masks}/*${ending}`,
      `order ${indexOrder}`,
      hasBackground ? '59 classes and background' : 'Context59: 59 classes, background ignored',
      ...(raw ? [] : ['255 ignored']),
      listName(split, list.ids.length),
    ].join(', '),
    list,
    async locate(id) {
      const imagePath = await findPicture(home, ['JPEGImages'], id, ['.jpg']);
      await findMask(home, [masks], `${id}${ending}`);
      const readLabels = raw
        ? matLabels(home, [masks], `${id}.mat`, table)
        : pngLabels(home, [masks], `${id}.png`, table);
      return { imagePath, readLabels };
    },
  };
}

async function maskFolder(home: Root, given: string | undefined): Promise<string> {
  for (const folder of given === undefined ? MASK_FOLDERS : [given]) if (await home.has(folder)) return folder;
  const tried = given === undefined ? MASK_FOLDERS.join(' nor ') : given;
  throw new InvSegError(
    'DATASET_NOT_FOUND',
    `${home.folder}: there is no folder ${tried}; name the folder of the masks with masks (--masks)`,
  );
}

async function findList(home: Root, split: string): Promise<IdList> {
  for (const folder of LISTS) {
    if (await home.has('ImageSets', folder, `${split}.txt`)) return readList(home, 'ImageSets', folder, `${split}.txt`);
  }
  return readList(home, 'ImageSets', LISTS[0], `${split}.txt`); // which says that there is none
}

function listName(split: string, length: number): string {
  const known: Readonly<Record<string, string>> = {
    'val 5105': 'the original list of 5105',
    'val 5104': "the conversion's list of 5104",
  };
  return known[`${split} ${length}`] ?? `a list of ${length}`;
}

/** Reads the raw release. @returns as `pngLabels` */
function matLabels(root: Root, folder: readonly string[], name: string, table: LabelTable): Located['readLabels'] {
  return async (size) => {
    const file = root.at(...folder, name);
    const { rows, columns, values } = readMatrix(
      await root.read('MASK_NOT_FOUND', ...folder, name),
      file,
      'LabelMap',
      size,
    );
    const ids = new Uint16Array(values.length); // row by row
    for (let y = 0, at = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const id = values[x * rows + y]!;
        if (!(Number.isInteger(id) && id >= 0 && id < CONTEXT_IDS)) {
          throw invalid(file, `pixel (${x}, ${y}) has the id ${id}; the raw release has 0 to ${CONTEXT_IDS - 1}`);
        }
        ids[at++] = id;
      }
    }
    return applyTable(ids, table, columns, file);
  };
}
