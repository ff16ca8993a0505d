/** Whether what a method says of a picture is a number at all: weights that are finite may overflow all the same. */
import type { InvSegError } from '../errors.js';
import type { NativeMaps, NativePrediction } from '../native/index.js';
import { notNumbers } from '../native/index.js';
import type { MethodContext } from './method.js';

type Where = Pick<MethodContext, 'engine' | 'options'>;

/**
 * The prediction itself. A value that is not a number wins every comparison for its pixel, so the mean of the pixels
 * that a category has, its score, tells; methods whose scores are no such means look at their maps as well
 * (`requireFiniteMaps`).
 *
 * @throws {InvSegError} `NOT_FINITE`
 */
export function requireFinite({ scores, maps }: Pick<NativePrediction, 'scores' | 'maps'>, where: Where): void {
  if (!allFinite(scores) || (maps !== null && !allFinite(maps))) throw notFinite('prediction', where);
}

/** Maps that decide the labels and leave no trace in the scores. @throws {InvSegError} `NOT_FINITE` */
export async function requireFiniteMaps(maps: NativeMaps, where: Where): Promise<void> {
  if (!allFinite(await maps.read())) throw notFinite('attention', where);
}

const allFinite = (values: Float32Array): boolean => values.every((value) => Number.isFinite(value));

function notFinite(what: string, { engine, options }: Where): InvSegError {
  const learnt = options.method === 'invseg' && options.steps > 0;
  const cause = learnt ? `adam.learningRate ${options.adam.learningRate} too large` : undefined;
  return notNumbers(`the method ${options.method}`, what, engine.dtype, cause);
}
