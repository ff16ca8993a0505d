export type { ClassCounts, Confused, PixelCounts, SparseCounts } from './counts.js';
export { addCounts, countPairs, dense, emptyCounts, sumCounts, UNASSIGNED } from './counts.js';
export type { AbsentRule, Metrics } from './metrics.js';
export { absentRules, meanIoUOf, metricsOf } from './metrics.js';
export { Ranking } from './ranking.js';
export type { Estimate } from './statistics.js';
export { bootstrap, meanEstimate, resample, shareEstimate, spearman } from './statistics.js';
export { CountTable } from './table.js';
export { Totals } from './totals.js';
