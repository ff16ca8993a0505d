/** The common case: a folder of pictures, a folder of PNG masks, the same ids in both. */
import path from 'node:path';
import { InvSegError } from '../errors.js';
import type { Located } from './dataset.js';
import type { LabelTable } from './labels.js';
import { applyTable } from './labels.js';
import type { Root } from './places.js';
import { decodePngMask } from './png-mask.js';

/**
 * The picture `folder/id` with the first of `endings` that is there.
 * @throws {InvSegError} `IMAGE_NOT_FOUND`; `DATASET_INVALID` for a link out of the root
 */
export async function findPicture(
  root: Root,
  folder: readonly string[],
  id: string,
  endings: readonly string[],
): Promise<string> {
  for (const ending of endings) {
    const file = await root.find(...folder, `${id}${ending}`);
    if (file !== undefined) return file;
  }
  const other = await otherSpelling(root, folder, id, endings);
  if (other !== undefined) return other;
  const shown = endings.length === 1 ? endings[0] : `{${endings.join(',')}}`;
  throw new InvSegError(
    'IMAGE_NOT_FOUND',
    `${root.at(...folder, `${id}${shown}`)}: there is no such image, but the list names it`,
  );
}

/** Cameras write `.JPG`, and somebody may write `.Jpeg`. */
async function otherSpelling(
  root: Root,
  folder: readonly string[],
  id: string,
  endings: readonly string[],
): Promise<string | undefined> {
  for (const ending of endings) {
    const file = await root.find(...folder, `${id}${ending.toUpperCase()}`);
    if (file !== undefined) return file;
  }
  // A folder that cannot be listed has no other spelling either: the image is missing, as the caller says.
  const names = await root.list(...folder).catch(() => []);
  const name = names.find((one) => {
    const { name: stem, ext } = path.parse(one);
    return stem === id && endings.includes(ext.toLowerCase());
  });
  return name === undefined ? undefined : root.find(...folder, name);
}

/** @throws {InvSegError} `MASK_NOT_FOUND`; `DATASET_INVALID` for a link out of the root */
export async function findMask(root: Root, folder: readonly string[], name: string): Promise<string> {
  const file = await root.find(...folder, name);
  if (file === undefined)
    throw new InvSegError('MASK_NOT_FOUND', `${root.at(...folder, name)}: there is no mask for the image`);
  return file;
}

/** Reads a PNG mask by a table. */
export function pngLabels(
  root: Root,
  folder: readonly string[],
  name: string,
  table: LabelTable,
): Located['readLabels'] {
  return async (size) => {
    const bytes = await root.read('MASK_NOT_FOUND', ...folder, name);
    const file = root.at(...folder, name);
    return applyTable(decodePngMask(bytes, file, size), table, size.width, file);
  };
}
