export type { ChosenPoint } from './anchors.js';
export { explain } from './explain.js';
export type { Agreement } from './iou.js';
export { renderExplanation } from './page.js';
export type { Names } from './truth.js';
export { readIndexMask } from './truth.js';
export type { ExplainOptions, Explanation, MethodRun } from './types.js';
