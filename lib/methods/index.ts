/** The registry of methods. */

import type { MethodName } from '../options/index.js';
import { baseline } from './baseline.js';
import { diffseg } from './diffseg.js';
import { diffsegmenter } from './diffsegmenter.js';
import { invseg } from './invseg.js';
import { iseg } from './iseg.js';
import type { Method } from './method.js';

export const methods: Readonly<Record<MethodName, Method>> = { invseg, baseline, diffsegmenter, diffseg, iseg };

export { requireFinite } from './finite.js';
export { predictOptions } from './inversion.js';
export type { LossComparison, MethodContext, MethodOutcome, Observer, StepLoss } from './method.js';
export type { ModelFacts, SegmenterParts } from './model.js';
export { attend, mergeWords, readRaw, without } from './passes.js';
export type { MapSelections } from './selections.js';
export { selectAll } from './selections.js';
export { wordFactors } from './weights.js';
