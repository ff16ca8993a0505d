export type { LabelMap } from './label-map.js';
export { IGNORED } from './label-map.js';
export type { LabelNames } from './label-names.js';
export { backgroundFirst, LABEL_NAMES, labelNamesText, parseLabelNames } from './label-names.js';
export { neighbours } from './resample.js';
export type { EncodedRuns, Runs } from './runs.js';
export { compressCounts, decodeRuns, runsArea } from './runs.js';
