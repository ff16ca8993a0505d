/** Checks of the arrays that the pure functions take. */
import { InvSegError } from '../errors.js';
import { integer, number } from '../options/rules.js';

/** @throws {InvSegError} `INVALID_OPTION` for another type, `SHAPE_MISMATCH` for another length */
export function array(value: unknown, name: string, length: number, shape: string): Float32Array {
  if (!(value instanceof Float32Array)) {
    throw new InvSegError('INVALID_OPTION', `Expected a Float32Array ${shape} for ${name} but received ${typeOf(value)}`);
  }
  if (value.length !== length) {
    throw new InvSegError('SHAPE_MISMATCH', `Expected ${length} values ${shape} for ${name} but received ${value.length}`);
  }
  return value;
}

export const optionalArray = (value: unknown, name: string, length: number, shape: string): Float32Array | null =>
  value === undefined || value === null ? null : array(value, name, length, shape);

export const count = (value: unknown, name: string): number => integer(1, 0x7fffffff).read(value, name);
export const real = (value: unknown, name: string): number => number().read(value, name);

export function typeOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  // JSON may have a property of this name.
  const name: unknown = (value.constructor as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : 'an object';
}
