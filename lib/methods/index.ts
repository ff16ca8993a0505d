/** The registry of methods. */
import { baseline } from './baseline.js';
import { diffseg } from './diffseg.js';
import { diffsegmenter } from './diffsegmenter.js';
import { invseg } from './invseg.js';
import { iseg } from './iseg.js';
import type { Method } from './method.js';
import type { MethodName } from './names.js';

export const methods: Readonly<Record<MethodName, Method>> = { invseg, baseline, diffsegmenter, diffseg, iseg };

export { requireFinite } from './finite.js';
export type { LossComparison, Method, MethodContext, MethodOutcome, Observer, StepLoss } from './method.js';
export type { MethodName } from './names.js';
export { methodNames } from './names.js';
export { wordFactors } from './weights.js';
