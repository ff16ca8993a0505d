/**
 * Mean IoU of a method on a data set, and the paper's tables.
 *
 * @module invseg-native/evaluation
 */
export type {
  Change,
  ClassResult,
  CompareOptions,
  Comparison,
  Counted,
  EngineFacts,
  Evaluated,
  EvaluateOptions,
  EvaluateProgress,
  Evaluation,
  Failed,
  LoadedPicture,
  MergeOptions,
  Outcome,
  OwnedPool,
  PicturePool,
  PictureRecord,
  PictureResult,
  PictureRow,
  Place,
  PoolOptions,
  PoolQueue,
  PoolRun,
  ReadOptions,
  ReadRun,
  RunNames,
  RunSettings,
  Shard,
  ShownPicture,
  Skip,
  TaskOptions,
} from '../evaluation/index.js';
export {
  compareRuns,
  comparisonMarkdown,
  evaluate,
  mergeRuns,
  openPool,
  readRun,
  writeReport,
} from '../evaluation/index.js';
export type { Difference } from '../journal/index.js';
export type {
  Circumstances,
  Figures,
  NamesLacking,
  NamesOffer,
  NamesOffers,
  PaperDataset,
  PaperFigures,
  PaperSide,
  ReproduceOptions,
  ReproduceProgress,
  RowNames,
  RowResult,
  RowRun,
  RunFigures,
  Spread,
  SweptFigures,
  Table,
  TableResult,
  TableRow,
} from '../reproduce/index.js';
export { gridTable, reproduce, tables as paperTables, writeReports, writeTables } from '../reproduce/index.js';
export type { AbsentRule, ClassCounts, Confused, Metrics, PixelCounts, SparseCounts } from '../scores/index.js';
export { absentRules, addCounts, countPairs, dense, emptyCounts, metricsOf } from '../scores/index.js';
