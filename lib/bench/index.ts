/** Timing: `import { bench } from 'invseg-native/bench'`. */
export { bench, checkBenchReport } from './bench.js';
export type { BenchComparison, StageChange } from './compare.js';
export { compareBenches } from './compare.js';
export type { BenchOptions, BenchReport, BenchStage, Quantiles } from './types.js';
export { benchStages } from './types.js';
