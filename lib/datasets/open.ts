/** One entry point for all kinds. */
import { InvSegError } from '../errors.js';
import { FileDataset } from './dataset.js';
import type { DatasetParts } from './dataset.js';
import { openFolder } from './folder.js';
import { resolveDatasetOptions } from './options.js';
import type { DatasetOptions, ResolvedOptions } from './options.js';
import { Root } from './places.js';
import type { Dataset, DatasetKind } from './types.js';

const kinds: Partial<Record<DatasetKind, (root: Root, options: ResolvedOptions) => Promise<DatasetParts>>> = {
  folder: openFolder,
};

/**
 * Opens a data set: its list and its classes are read and checked, its pictures and masks are not.
 * @throws {InvSegError} `INVALID_OPTION`, `DATASET_NOT_FOUND`, `DATASET_INVALID`; the message names the file
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const resolved = resolveDatasetOptions(options);
  const open = kinds[resolved.kind];
  if (!open) throw new InvSegError('INVALID_OPTION', `Data sets of the kind ${resolved.kind} cannot be read`);
  const root = await Root.open(resolved.root, resolved.links);
  return new FileDataset(await open(root, resolved), resolved);
}
