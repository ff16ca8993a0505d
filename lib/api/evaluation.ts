/** Mean IoU of a method on a data set, and the paper's tables: `import { evaluate } from 'invseg-native/evaluation'`. */
export type {
  ClassResult,
  CompareOptions,
  Comparison,
  EvaluateOptions,
  EvaluateProgress,
  Evaluation,
  MergeOptions,
  Outcome,
  OwnedPool,
  PicturePool,
  PictureResult,
  PoolOptions,
  PoolQueue,
  PoolRun,
  ReadRun,
  RunNames,
  RunSettings,
  Shard,
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
export type {
  NamesOffer,
  NamesOffers,
  PaperFigures,
  ReproduceOptions,
  ReproduceProgress,
  RowResult,
  Table,
  TableResult,
} from '../reproduce/index.js';
export { gridTable, reproduce, tables as paperTables, writeReports, writeTables } from '../reproduce/index.js';
export type { AbsentRule, ClassCounts, Metrics, PixelCounts } from '../scores/index.js';
export { absentRules, addCounts, countPairs, dense, emptyCounts, metricsOf } from '../scores/index.js';
