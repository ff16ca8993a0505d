/** A misspelt option is an error: silently ignored, it would change what a figure means. */
import { InvSegError } from '../errors.js';
import { nearest } from './nearest.js';
import { show } from './rules.js';

/** The first key of `value` that is not in `known`, and what may have been meant. */
export function unknownKey(
  value: object,
  known: readonly string[],
  prefix = '',
): { key: string; hint: string } | undefined {
  const key = Object.keys(value).find((name) => !known.includes(name));
  if (key === undefined) return undefined;
  const guess = nearest(key, known);
  return { key, hint: guess === undefined ? `known are ${known.join(', ')}` : `did you mean ${prefix}${guess}?` };
}

/** @throws {InvSegError} `INVALID_OPTION` for the first key of `value` that is not in `known`, and where it is no object */
export function rejectUnknown(value: object, known: readonly string[], prefix = ''): void {
  if (typeof value !== 'object' || value === null) {
    throw new InvSegError('INVALID_OPTION', `Expected an object with ${known.join(', ')} but received ${show(value)}`);
  }
  const found = unknownKey(value, known, prefix);
  if (!found) return;
  const hint = found.hint[0]!.toUpperCase() + found.hint.slice(1);
  throw new InvSegError('INVALID_OPTION', `Unknown option ${prefix}${found.key}. ${hint}`);
}
