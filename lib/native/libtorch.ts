/**
 * Which LibTorch a program runs with. The set-up looks for one to build against, this for one to load: libraries without headers do,
 * and nothing waits.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import {
  type Attempt,
  describe,
  inRange,
  installedRoot,
  LIBRARY,
  type Libtorch,
  type LibtorchSource,
  named,
  pythonBeside,
  range,
  readVersion,
} from './libtorch-folder.js';
import { cacheFolder, libtorchCache } from './places.js';

export interface LibtorchSearch {
  found: Libtorch | undefined;
  attempts: Attempt[];
}

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
  const attempts: Attempt[] = [];
  const look = (
    source: LibtorchSource,
    root: string | undefined,
    place: string,
    none: string,
  ): Libtorch | undefined => {
    const inspected = root === undefined ? none : inspectLibraries(root);
    const taken = typeof inspected !== 'string';
    attempts.push({ source, place, outcome: taken ? `LibTorch ${inspected.version}` : inspected });
    return taken ? { root: path.resolve(root as string), ...inspected, source } : undefined;
  };
  for (const [source, place] of named(option, env)) {
    const found = look(source, place, place, '');
    if (found) return { found, attempts };
    if (source !== 'LIBTORCH') throw refused(source, place, attempts);
  }
  const remembered = recall(env);
  const chosen = look('remembered', remembered?.root, recordFile(env), 'nothing chosen by a set-up');
  if (chosen) return { found: { ...chosen, python: remembered?.python ?? chosen.python }, attempts };
  for (const root of new Set(builtWith)) {
    const found = look('addon', root, root, '');
    if (found) return { found, attempts };
  }
  const cache = libtorchCache(env);
  for (const folder of new Set([cache, ...siblings(cache)])) {
    const found = look('cache', installedRoot(folder), folder, 'no finished installation');
    if (found) return { found, attempts };
  }
  const python = askPython(env);
  const own = look('python3', python.torch, python.executable ?? 'python3', python.reason);
  if (!own) return { found: undefined, attempts };
  const found = { ...own, python: python.executable ?? own.python };
  rememberLibtorch(found, env);
  return { found, attempts };
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
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, `${JSON.stringify({ root, python })}\n`);
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // Then it is looked for again the next time.
  }
}

/** Other versions that were installed into the same cache, the newest first. */
function siblings(cache: string): string[] {
  try {
    return readdirSync(path.dirname(cache))
      .map((name) => path.join(path.dirname(cache), name))
      .filter((folder) => statSync(folder).isDirectory())
      .sort()
      .reverse();
  } catch {
    return [];
  }
}

interface PythonAnswer {
  executable?: string;
  torch?: string;
  reason: string;
}

/** Where python3 would import torch from; find_spec does not import it, which would take seconds. */
function askPython(env: NodeJS.ProcessEnv): PythonAnswer {
  const question =
    'import importlib.util, json, os, sys\n' +
    's = importlib.util.find_spec("torch")\n' +
    'print(json.dumps([sys.executable, os.path.dirname(s.origin) if s and s.origin else None]))';
  try {
    const answer = execFileSync('python3', ['-c', question], {
      env,
      timeout: 30_000,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [executable, torch] = JSON.parse(answer) as [string, string | null];
    return torch === null ? { executable, reason: 'has no torch' } : { executable, torch, reason: '' };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { reason: missing ? 'not on the PATH' : `did not answer: ${(error as Error).message.split('\n')[0]}` };
  }
}
