/** The registry of kinds. */
import { openCoco } from './coco/coco.js';
import { openContext } from './context.js';
import type { DatasetParts } from './dataset.js';
import { openFolder } from './folder.js';
import type { ResolvedOptions } from './options.js';
import type { Root } from './places.js';
import type { DatasetKind } from './types.js';
import { openVoc } from './voc.js';

export const kinds: Readonly<Record<DatasetKind, (root: Root, options: ResolvedOptions) => Promise<DatasetParts>>> = {
  folder: openFolder,
  voc: openVoc,
  context: openContext,
  coco: openCoco,
};
