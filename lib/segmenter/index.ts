export { allBackground } from './all-background.js';
export { checkLabelled, checkSegmenter } from './check.js';
export { Decoding } from './decoding.js';
export type { SegmenterPoolOptions } from './pool.js';
export { SegmenterPool } from './pool.js';
export { maskOf } from './result.js';
export { resultJson } from './result-json.js';
export type { ModelInfo, SegmenterInfo } from './segmenter.js';
export { Segmenter } from './segmenter.js';
export { Stop } from './stop.js';
export { labelsAt } from './strengths.js';
export type {
  ArrayJson,
  BatchImage,
  BatchOutcome,
  CategoryMaps,
  MaskJson,
  Progress,
  ResultJson,
  Segment,
  SegmentAllOptions,
  SegmentOptions,
  SegmentResult,
  Strengths,
  Timings,
} from './types.js';
export { unknownNamesWarning } from './unknown-names.js';
