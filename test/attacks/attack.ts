/** Runs a command of scripts/attacks, which read dist/ as users do. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../golden/reference.js';

const built = existsSync(path.join(ROOT, 'dist', 'index.js'));
/** Bounded memory of a process is bash's and Linux's. */
const bounded = process.platform === 'linux';
export const possible = built && bounded;
export const unless = possible
  ? ''
  : ` (skipped: ${built ? "this system's memory cannot be bounded" : 'dist/ is not built'})`;
export const MINUTES = 60_000;

/** @returns what it prints as JSON, whatever its exit code is @throws where it prints none */
export function attack<T>(script: string, ...args: string[]): T {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'scripts', 'attacks', script), '--json', ...args],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`${script}: ${stderr.slice(-2000)}`);
  }
}
