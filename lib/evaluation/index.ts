export type { Change, CompareOptions, Comparison } from './compare.js';
export { compareRuns } from './compare.js';
export type { ClassCounts, Confused, PixelCounts, SparseCounts } from './counts.js';
export { addCounts, countPairs, countPixels, dense, emptyCounts, sparse, sumCounts, UNASSIGNED } from './counts.js';
export { perClassCsv, perImageCsv } from './csv.js';
export { evaluate, evaluateRun } from './evaluate.js';
export type { JournalRecord } from './journal.js';
export { Journal, readJournal } from './journal.js';
export { labelPalette } from './keep.js';
export type { MergeOptions } from './merge.js';
export { mergedRun, mergeRuns } from './merge.js';
export type { AbsentRule, Metrics } from './metrics.js';
export { absentRules, meanIoUOf, metricsOf } from './metrics.js';
export type { Counted, EngineFacts, Failed, Outcome, PicturePool, PoolRun, ShownPicture } from './pool.js';
export { journalOf, pictureFiles } from './run-folder.js';
export type { Shard } from './select.js';
export { drawSample, parseShard } from './select.js';
export type { BootstrapOptions, Estimate } from './statistics.js';
export { bootstrap, meanEstimate, resample, shareEstimate, spearman } from './statistics.js';
export type { PictureRow, ReadRun } from './summary.js';
export { readRun } from './summary.js';
export type {
  ClassResult,
  EvaluateOptions,
  EvaluateProgress,
  Evaluation,
  PictureResult,
  RunSettings,
} from './types.js';
