/** Timing: `import { bench } from 'invseg-native/bench'`. */
export type { BenchComparison, BenchOptions, BenchReport, BenchStage, Quantiles, StageChange } from '../bench/index.js';
export { bench, benchStages, checkBenchReport, compareBenches } from '../bench/index.js';
