/** Checks of the typed arrays that the pure functions take. */

import { show } from './checks/index.js';
import { InvSegError } from './errors.js';

interface ArrayTypes {
  Float32Array: Float32Array;
  Uint8Array: Uint8Array;
}

const constructors = { Float32Array, Uint8Array } as const;

/**
 * @param type of the array; a Buffer is a Uint8Array
 * @param shape in words, such as `[height × width]`
 * @throws {InvSegError} `INVALID_OPTION` for another type, `SHAPE_MISMATCH` for another length, or for an array whose buffer
 * was transferred to another thread and so has no length
 */
export function typedArray<T extends keyof ArrayTypes>(
  type: T,
  value: unknown,
  name: string,
  length: number,
  shape: string,
): ArrayTypes[T] {
  if (!(value instanceof constructors[type])) {
    throw new InvSegError('INVALID_OPTION', `Expected a ${type} ${shape} for ${name} but received ${show(value)}`);
  }
  if (value.length !== length) {
    const why = isDetached(value) ? ', since its buffer was transferred to another thread' : '';
    throw new InvSegError(
      'SHAPE_MISMATCH',
      `Expected ${length} values ${shape} for ${name} but received ${value.length}${why}`,
    );
  }
  return value as ArrayTypes[T];
}

function isDetached({ buffer }: ArrayBufferView): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
