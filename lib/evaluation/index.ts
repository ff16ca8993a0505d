export { addCounts, countPixels, emptyCounts, sumCounts } from './counts.js';
export type { ClassCounts } from './counts.js';
export { absentRules, metricsOf } from './metrics.js';
export type { AbsentRule, Metrics } from './metrics.js';
export { bootstrap, meanEstimate, resample, shareEstimate, spearman } from './statistics.js';
export type { BootstrapOptions, Estimate } from './statistics.js';
export { Journal } from './journal.js';
export type { JournalRecord } from './journal.js';
