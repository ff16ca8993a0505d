/** Runs the float64 reference (scripts/reference) as a Python process and reads the arrays that it wrote. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a script of scripts/reference with a Python that has torch; a failure carries what it printed. */
export async function runReference(python: string, script: string, args: string[]): Promise<void> {
  const file = path.join(ROOT, 'scripts', 'reference', script);
  await promisify(execFile)(python, [file, ...args], { env: { ...process.env, OMP_WAIT_POLICY: 'passive' } });
}

export function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** ‖a − b‖ / ‖b‖ over all elements; NaN where a length differs, so that no comparison passes. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = expected[i] as number;
    difference += ((actual[i] as number) - e) ** 2;
    size += e ** 2;
  }
  return size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size);
}
