/** Data sets with masks: `import { openDataset } from 'invseg-native/datasets'`. */
export type {
  CheckOptions,
  ClassNames,
  Dataset,
  DatasetCheck,
  DatasetItem,
  DatasetKind,
  DatasetOptions,
  SkippedItem,
} from '../datasets/index.js';
export { checkDataset, datasetKinds, miniatureRoot, openDataset } from '../datasets/index.js';
export type { LabelMap } from '../labels/index.js';
export { IGNORED } from '../labels/index.js';
