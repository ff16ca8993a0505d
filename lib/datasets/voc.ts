/**
 * PASCAL VOC 2012:
 *
 *     VOCdevkit/VOC2012/JPEGImages/*.jpg
 *     VOCdevkit/VOC2012/SegmentationClass/*.png         palette; or SegmentationClassAug, grey
 *     VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt  1449 pictures
 *
 * Masks: 0 background, 1–20 the classes, 255 ignored (the objects' borders).
 */
import { InvSegError } from '../errors.js';
import { loadVocabulary } from '../names/index.js';
import type { DatasetParts } from './dataset.js';
import { plainTable, withoutBackground } from './labels.js';
import { readList } from './lists.js';
import type { ResolvedOptions } from './options.js';
import type { Root } from './places.js';
import { findMask, findPicture, pngLabels } from './png-source.js';

/** @throws {InvSegError} `DATASET_NOT_FOUND`, `DATASET_INVALID` */
export async function openVoc(root: Root, options: ResolvedOptions): Promise<DatasetParts> {
  const { split = 'val', masks = 'SegmentationClass', background } = options;
  const home = await root.descend(['', 'VOC2012', 'VOCdevkit/VOC2012'], 'JPEGImages');
  if (!(await home.has(masks))) {
    throw new InvSegError(
      'DATASET_NOT_FOUND',
      `${home.at(masks)}: there is no such folder; name the folder of the masks with masks (--masks)`,
    );
  }
  const vocabulary = await loadVocabulary('voc');
  const hasBackground = background === 'class';
  const plain = plainTable(vocabulary.classes.length + 1);
  return {
    root: home.folder,
    split,
    vocabulary,
    hasBackground,
    protocol: `PASCAL VOC 2012: ${masks}/*.png, 20 classes${hasBackground ? ' and background, 255' : ', background and 255'} ignored`,
    list: await readList(home, 'ImageSets', 'Segmentation', `${split}.txt`),
    async locate(id) {
      const imagePath = await findPicture(home, ['JPEGImages'], id, ['.jpg']);
      await findMask(home, [masks], `${id}.png`);
      return {
        imagePath,
        readLabels: pngLabels(home, [masks], `${id}.png`, hasBackground ? plain : withoutBackground(plain)),
      };
    },
  };
}
