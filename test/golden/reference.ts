/** Runs the float64 reference (scripts/reference) as a Python process and reads the arrays that it wrote. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ReferencePython {
  executable: string;
  env: NodeJS.ProcessEnv;
}

/**
 * The Python whose torch is the LibTorch in use: the one of the environment that holds the wheel, else `python3` with the
 * wheel's folder on its path.
 *
 * @param libtorch root of the LibTorch, the folder with lib/ and include/
 * @returns the Python, or the reason why there is none
 */
export function findPython(libtorch: string): ReferencePython | string {
  const site = path.dirname(libtorch);
  if (path.basename(libtorch) !== 'torch' || !existsSync(path.join(libtorch, '__init__.py'))) {
    return `the LibTorch in ${libtorch} is not part of a Python package, so the reference cannot run`;
  }
  const own = path.resolve(site, '../../../bin/python3'); // <environment>/lib/python3.x/site-packages
  const candidates: ReferencePython[] = [
    { executable: own, env: process.env },
    { executable: 'python3', env: { ...process.env, PYTHONPATH: site } },
  ];
  for (const candidate of candidates) {
    try {
      execFileSync(candidate.executable, ['-c', 'import torch'], { env: candidate.env, stdio: 'ignore' });
      return candidate;
    } catch {
      // The next one.
    }
  }
  return `neither ${own} nor python3 can import the torch in ${site}`;
}

/** Runs a script of scripts/reference; a failure carries what Python printed. */
export async function runReference(python: ReferencePython, script: string, args: string[]): Promise<void> {
  const file = path.join(ROOT, 'scripts', 'reference', script);
  await promisify(execFile)(python.executable, [file, ...args], { env: { ...python.env, OMP_WAIT_POLICY: 'passive' } });
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
