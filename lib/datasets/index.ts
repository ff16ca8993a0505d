export type { CheckOptions, DatasetCheck } from './check.js';
export { checkDataset } from './check.js';
export type { Finding } from './check-remarks.js';
export { openDataset } from './open.js';
export type { DatasetOptions } from './options.js';
export { datasetDefinitions, resolveDatasetOptions } from './options.js';
export type { ClassNames, Dataset, DatasetItem, DatasetKind, LabelMap, SkippedItem } from './types.js';
export { datasetKinds, IGNORED } from './types.js';
