/**
 * How long an image takes, stage by stage, and what got slower.
 *
 * @module invseg-native/bench
 */
export type {
  BatchSpeed,
  BenchComparison,
  BenchOptions,
  BenchPageOptions,
  BenchPeer,
  BenchReport,
  BenchStage,
  MethodRow,
  MethodsBenchOptions,
  Quantiles,
  RandomModel,
  RandomModelName,
  RandomModelOptions,
  StageChange,
} from '../bench/index.js';
export {
  bench,
  benchMethods,
  benchStages,
  checkBenchReport,
  compareBenches,
  randomModel,
  randomModels,
  renderBench,
} from '../bench/index.js';
