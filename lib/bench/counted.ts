/** Floating-point operations of each stage, counted operator by operator by `npm run bench -- --flops`. */
import type { MethodOptions } from '../options/index.js';
import type { BenchReport, BenchStage } from './types.js';

/** Two for a multiplication and an addition; here `step` is without the views' encoding and of `views` views of three names. */
export const COUNTED: Readonly<
  Record<string, { text: number; encode: number; step: number; prediction: number; views: number }>
> = {
  'stable-diffusion-2.1': {
    text: 45_127_233_536,
    encode: 1_116_658_466_816,
    step: 1_560_587_144_192,
    prediction: 793_252_174_336,
    views: 2,
  },
};

/** Names of the models whose operations were counted. */
export const countedModels: readonly string[] = Object.freeze(Object.keys(COUNTED));

/** @returns operations of the stages of this report; empty for a model or a method that nobody counted */
export function countedStages({ model, options, device }: BenchReport): Partial<Record<BenchStage, number>> {
  const one = COUNTED[model.name];
  const { method, steps, views } = options;
  const { count, fresh } = (views ?? {}) as Partial<MethodOptions['views']>;
  if (!one || method !== 'invseg' || typeof steps !== 'number' || typeof count !== 'number') return {};
  // The loss and the network work view by view.
  const step = (one.step * count) / one.views;
  // A CPU encodes a step's views as a part of it, a GPU those of all steps before the first.
  const each = step + (device === 'cpu' && (fresh === 'perStep' || steps === 1) ? count * one.encode : 0);
  const encoded = steps === 0 ? 0 : count * (fresh === 'perStep' ? steps : 1);
  // A CPU encodes the picture at once, a GPU with its first views or, without any, for the prediction.
  const late = device === 'cpu' ? 0 : one.encode;
  const encode = one.text + one.encode - late;
  const inversion = steps * step + encoded * one.encode + (steps > 0 ? late : 0);
  const predict = one.prediction + (steps > 0 ? 0 : late);
  return {
    text: one.text,
    encode,
    inversion,
    ...(steps > 0 && { step: each }),
    predict,
    total: encode + inversion + predict,
  };
}
