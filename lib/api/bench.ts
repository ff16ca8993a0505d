/**
 * How long an image takes, stage by stage, and what got slower.
 *
 * @module invseg-native/bench
 */
export type { BenchComparison, BenchOptions, BenchReport, BenchStage, Quantiles, StageChange } from '../bench/index.js';
export { bench, benchStages, checkBenchReport, compareBenches } from '../bench/index.js';
