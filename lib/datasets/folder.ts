/**
 * A user's own data:
 *
 *     ROOT/images/<id>.{jpg,png,jpeg,webp}
 *     ROOT/masks/<id>.png         palette or 8-bit grey: 0 background, 1…C the classes, 255 ignored;
 *                                 or what the names in the file say (`named-labels.ts`)
 *     ROOT/classes.json           ["cat", {"name": "sofa", "prompt": "sofa", "synonyms": ["couch"]}, …], the labels 1…C
 *     ROOT/classes.txt            or this: one name a line
 *     ROOT/lists/<split>.txt      optional: one id a line
 */
import { readVocabularyOf } from './classes.js';
import type { DatasetParts } from './dataset.js';
import { listIds, readList } from './lists.js';
import { namedLabels } from './named-labels.js';
import type { ResolvedOptions } from './options.js';
import { PICTURE_ENDINGS } from './pictures.js';
import type { Root } from './places.js';
import { findMask, findPicture } from './png-source.js';

/** @throws {InvSegError} `DATASET_NOT_FOUND`, `DATASET_INVALID` */
export async function openFolder(root: Root, { split, background }: ResolvedOptions): Promise<DatasetParts> {
  const vocabulary = await readVocabularyOf(root);
  const list =
    split === undefined
      ? await listIds(root, 'images', PICTURE_ENDINGS)
      : await readList(root, 'lists', `${split}.txt`);
  const hasBackground = background === 'class';
  const readLabels = namedLabels(root, ['masks'], vocabulary.classes, hasBackground);
  const others = hasBackground ? 'and background' : 'without background (0 is ignored)';
  return {
    root: root.folder,
    split,
    vocabulary,
    hasBackground,
    protocol: `folder: masks/*.png, ${vocabulary.classes.length} classes ${others}, 255 ignored`,
    list,
    async locate(id) {
      const imagePath = await findPicture(root, ['images'], id, PICTURE_ENDINGS);
      await findMask(root, ['masks'], `${id}.png`);
      return { imagePath, readLabels: readLabels(`${id}.png`) };
    },
    async spareMasks() {
      const listed = await listIds(root, 'images', PICTURE_ENDINGS).catch(() => undefined);
      if (listed === undefined) return []; // without images the check has said so
      const images = new Set(listed.ids);
      const masks = (await root.list('masks').catch(() => [])).filter((name) => name.endsWith('.png'));
      return masks.filter((name) => !images.has(name.slice(0, -'.png'.length)));
    },
  };
}
