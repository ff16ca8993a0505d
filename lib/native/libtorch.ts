/**
 * Which LibTorch a program runs with. The set-up looks for one to build against, this for one to load: libraries without headers do,
 * and nothing waits.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { makeFolderSync } from '../system/index.js';
import {
  type Attempt,
  describe,
  inRange,
  LIBRARY,
  type Libtorch,
  type LibtorchSource,
  pythonBeside,
  range,
  readVersion,
} from './libtorch-folder.js';
import { type LibtorchSearch, Places } from './libtorch-search.js';
import { cacheFolder } from './places.js';

/** Version and Python of the LibTorch in `root`, or why it cannot be loaded. */
export function inspectLibraries(root: string): { version: string; python: string | null } | string {
  if (!existsSync(root)) return 'does not exist';
  if (!existsSync(path.join(root, 'lib', LIBRARY))) return `not a LibTorch: ${path.join('lib', LIBRARY)} missing`;
  const version = readVersion(root);
  if (version === undefined) return 'a LibTorch of unknown version';
  if (!inRange(version)) return `LibTorch ${version}, but ${range} is needed`;
  return { version, python: pythonBeside(root) };
}

/**
 * In the order option, `INVSEG_LIBTORCH`, `LIBTORCH`, the one that the set-up chose, those that local builds were made with, the
 * cache, python3's torch. What python3 says is remembered, so that no later process has to ask it.
 *
 * @param builtWith roots of LibTorch in the stamps of local builds
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND` where the option or `INVSEG_LIBTORCH` names a place that does not do
 */
export function searchLibtorch(
  option: string | undefined,
  builtWith: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): LibtorchSearch {
  const places = new Places(inspectLibraries, env);
  const { attempts } = places;
  const found = places.named(option, refused) ?? chosen(places, env) ?? built(places, builtWith) ?? places.cached();
  if (found) return { found, attempts };
  const own = places.python();
  if (own) rememberLibtorch(own, env);
  return { found: own, attempts };
}

function chosen(places: Places, env: NodeJS.ProcessEnv): Libtorch | undefined {
  const remembered = recall(env);
  const found = places.look('remembered', remembered?.root, recordFile(env), 'nothing chosen by a set-up');
  return found && { ...found, python: remembered?.python ?? found.python };
}

function built(places: Places, roots: readonly string[]): Libtorch | undefined {
  for (const root of new Set(roots)) {
    const found = places.look('addon', root);
    if (found) return found;
  }
  return undefined;
}

function refused(source: LibtorchSource, place: string, attempts: readonly Attempt[]): InvSegError {
  const outcome = attempts.at(-1)?.outcome ?? '';
  const what = source === 'option' ? 'the option libtorch' : source;
  return new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `Expected the folder of a LibTorch ${range} from ${what} but found ${place}: ${outcome}; correct it, or leave it out to have ` +
      `one found. ${describe(attempts)}`,
  );
}

interface Remembered {
  root: string;
  python: string | null;
}

const recordFile = (env: NodeJS.ProcessEnv): string => path.join(cacheFolder(env), 'libtorch.json');

function recall(env: NodeJS.ProcessEnv): Remembered | undefined {
  try {
    const { root, python } = JSON.parse(readFileSync(recordFile(env), 'utf8')) as Partial<Remembered>;
    // One that has gone or changed its version since is as good as none.
    if (typeof root !== 'string' || typeof inspectLibraries(root) === 'string') return undefined;
    return { root, python: typeof python === 'string' ? python : null };
  } catch {
    return undefined;
  }
}

/** Makes `libtorch` the one that programs load where nobody names another. A cache that cannot be written remembers nothing. */
export function rememberLibtorch({ root, python }: Remembered, env: NodeJS.ProcessEnv = process.env): void {
  const file = recordFile(env);
  try {
    makeFolderSync(path.dirname(file));
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify({ root, python })}\n`);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Then it is looked for again the next time.
  }
}
