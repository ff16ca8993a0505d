/**
 * Data sets with masks: PASCAL VOC, PASCAL Context, COCO, and folders of one's own.
 *
 * @module invseg-native/datasets
 */
export type {
  CheckOptions,
  ClassNames,
  Dataset,
  DatasetCheck,
  DatasetItem,
  DatasetKind,
  DatasetOptions,
  Finding,
  FoundPart,
  HistogramRow,
  SkippedItem,
} from '../datasets/index.js';
export { checkDataset, datasetKinds, miniatureRoot, openDataset } from '../datasets/index.js';
export type { LabelMap } from '../labels/index.js';
export { IGNORED } from '../labels/index.js';
