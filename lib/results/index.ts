export type { LabelOrder } from './report.js';
export { labelOrders } from './report.js';
export type { SavedResult, SaveOptions } from './save.js';
export { saveResult } from './save.js';
export { outputStems } from './stems.js';
