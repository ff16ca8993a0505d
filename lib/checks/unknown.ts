/** A misspelt option is an error: silently ignored, it would change what a figure means. */
import { InvSegError } from '../errors.js';
import { nearest } from './nearest.js';
import { show } from './rules.js';

/** @throws {InvSegError} `INVALID_OPTION` for the first key of `value` that is not in `known`, and where it is no object */
export function rejectUnknown(value: object, known: readonly string[], prefix = ''): void {
  if (typeof value !== 'object' || value === null) {
    throw new InvSegError('INVALID_OPTION', `Expected an object with ${known.join(', ')} but received ${show(value)}`);
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const guess = nearest(key, known);
    const hint = guess === undefined ? `Known are ${known.join(', ')}` : `Did you mean ${prefix}${guess}?`;
    throw new InvSegError('INVALID_OPTION', `Unknown option ${prefix}${key}. ${hint}`);
  }
}
