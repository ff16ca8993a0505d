/** All that the package exports, from every entry. */
export * from '../lib/api/bench.js';
export * from '../lib/api/datasets.js';
export * from '../lib/api/draw.js';
export * from '../lib/api/evaluation.js';
export * from '../lib/api/explain.js';
export * from '../lib/index.js';
