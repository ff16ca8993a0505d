/** Checks of the arrays and numbers that the pure functions take. */
import { typedArray } from '../arrays.js';
import { integer, number } from '../checks/index.js';

/** @throws {InvSegError} `INVALID_OPTION` for another type, `SHAPE_MISMATCH` for another length */
export const array = (value: unknown, name: string, length: number, shape: string): Float32Array =>
  typedArray('Float32Array', value, name, length, shape);

export const optionalArray = (value: unknown, name: string, length: number, shape: string): Float32Array | null =>
  value === undefined || value === null ? null : array(value, name, length, shape);

export const count = (value: unknown, name: string): number => integer(1, 0x7fffffff).read(value, name);
export const real = (value: unknown, name: string): number => number().read(value, name);
