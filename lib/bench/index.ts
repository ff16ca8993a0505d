/** Timing: `import { bench } from 'invseg-native/bench'`. */
export { bench } from './bench.js';
export type { BenchComparison, StageChange } from './compare.js';
export { compareBenches } from './compare.js';
export { countedModels } from './counted.js';
export { drawnPicture } from './drawn-picture.js';
export type { MethodRow, MethodsBenchOptions } from './methods.js';
export { benchMethods } from './methods.js';
export type { BenchPageOptions } from './page.js';
export { renderBench } from './page.js';
export type { RandomModel, RandomModelName, RandomModelOptions } from './random-model.js';
export { randomModel, randomModels } from './random-model.js';
export { checkBenchReport } from './report.js';
export type { BatchSpeed, BenchOptions, BenchPeer, BenchReport, BenchStage, Quantiles } from './types.js';
export { benchStages } from './types.js';
