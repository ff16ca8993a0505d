/**
 * The first load of an addon with a LibTorch, once in a process of its own: a library that crashes there is an error here. What
 * came of it is remembered in the user's cache, by what the files are, so that later processes only look whether they changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeFolderSync } from '../system/index.js';
import { LIBRARY } from './libtorch-folder.js';
import { cacheFolder } from './places.js';
import { PACKAGE_ROOT } from './stamp.js';

export interface Loadable {
  /** Paths of the two binaries. */
  addon: string;
  shim: string;
  /** Root of LibTorch. */
  libtorch: string;
}

/** Milliseconds. LibTorch of the largest kind is read from a slow disk in less. */
const PATIENCE = 300_000;

/** Status of the child where the dynamic linker refused: the same happens here, as an error. */
const REFUSED = 3;

/** Whether this addon crashed with this LibTorch when it was last tried. */
export const crashedBefore = (loadable: Loadable, env: NodeJS.ProcessEnv = process.env): boolean =>
  recall(stampOf(loadable, env)) === 'crashed';

/**
 * Loads it in a process of its own, unless that was done before. Where the cache cannot be written nothing is tried: every process
 * would have to.
 *
 * @returns how the process ended that it crashed; undefined where it may be loaded
 */
export function firstLoad(loadable: Loadable, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const stamp = stampOf(loadable, env);
  if (stamp === undefined || recall(stamp) === 'loaded') return undefined;
  // Written before it is tried, for that is how it is known that it can be.
  if (!remember(stamp, 'crashed', loadable)) return undefined;
  const { shim, libtorch, addon } = loadable;
  const { NODE_OPTIONS: _, ...inherited } = env;
  const child = spawnSync(
    process.execPath,
    [path.join(PACKAGE_ROOT, 'dist', 'native', 'first-load-child.js'), shim, path.join(libtorch, 'lib'), addon],
    {
      env: { ...inherited, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    },
  );
  const timedOut = (child.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT';
  // Node that may start no process, or has none (a permission, a sandbox): nothing is known, and nothing remembered.
  if ((child.error && !timedOut) || child.status === REFUSED) {
    rmSync(stamp, { force: true });
    return undefined;
  }
  if (child.status === 0) {
    remember(stamp, 'loaded', loadable);
    return undefined;
  }
  const said = (child.stderr ?? '')
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-1)[0];
  const how = timedOut
    ? `did not end within ${PATIENCE / 1000} s`
    : child.signal
      ? `was ended by ${child.signal}`
      : `ended with status ${child.status}`;
  return said ? `${how} (${said.slice(0, 300)})` : how;
}

/** The file that remembers, by what makes the two what they are; undefined where one of them cannot be looked at. */
function stampOf({ addon, shim, libtorch }: Loadable, env: NodeJS.ProcessEnv): string | undefined {
  try {
    const state = [addon, shim, path.join(libtorch, 'lib', LIBRARY)].map((file) => {
      const { size, mtimeMs } = statSync(file);
      return [file, size, mtimeMs];
    });
    const key = createHash('sha256')
      .update(JSON.stringify([state, process.version, process.arch]))
      .digest('hex');
    return path.join(cacheFolder(env), 'loads', `${key.slice(0, 32)}.json`);
  } catch {
    return undefined;
  }
}

function recall(stamp: string | undefined): string | undefined {
  try {
    return stamp === undefined
      ? undefined
      : (JSON.parse(readFileSync(stamp, 'utf8')) as { outcome?: string } | null)?.outcome;
  } catch {
    return undefined;
  }
}

function remember(stamp: string, outcome: 'loaded' | 'crashed', { addon, libtorch }: Loadable): boolean {
  try {
    makeFolderSync(path.dirname(stamp));
    writeFileSync(stamp, `${JSON.stringify({ outcome, addon, libtorch })}\n`);
    return true;
  } catch {
    return false;
  }
}
