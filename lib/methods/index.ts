/** The registry of methods. */
import { baseline } from './baseline.js';
import { invseg } from './invseg.js';
import type { Method } from './method.js';
import type { MethodName } from './names.js';

export const methods: Readonly<Record<MethodName, Method>> = { invseg, baseline };

export { methodNames } from './names.js';
export type { MethodName } from './names.js';
export type { LossComparison, Method, MethodContext, MethodOutcome, Observer, StepLoss } from './method.js';
