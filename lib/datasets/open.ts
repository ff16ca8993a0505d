/** One entry point for all kinds. */
import { FileDataset } from './dataset.js';
import { kinds } from './kinds.js';
import type { DatasetOptions } from './options.js';
import { resolveDatasetOptions } from './options.js';
import { Root } from './places.js';
import type { Dataset } from './types.js';

/**
 * Opens a data set: its list and its classes are read and checked, its images and masks are not.
 *
 * @param options kind, root, and what the kind allows
 * @returns images in the order of the list
 * @throws {InvSegError} `INVALID_OPTION`, `DATASET_NOT_FOUND`, `DATASET_INVALID`; the message names the file
 * @example
 * ```ts
 * import { miniatureRoot, openDataset } from 'invseg-native/datasets';
 *
 * const dataset = await openDataset({ kind: 'folder', root: miniatureRoot });
 * for await (const { id, loadMask } of dataset) {
 *   const { labels } = await loadMask();
 *   console.log(id, dataset.classes[Math.max(...labels.filter((label) => label < 255))]?.name);
 *   break;
 * }
 * ```
 */
export function openDataset(options: DatasetOptions): Promise<Dataset> {
  return openFiles(options);
}

/** The same, with what is only for this folder's files. */
export async function openFiles(options: DatasetOptions): Promise<FileDataset> {
  const resolved = resolveDatasetOptions(options);
  const root = await Root.open(resolved.root, resolved.links);
  return new FileDataset(await kinds[resolved.kind](root, resolved), resolved);
}
