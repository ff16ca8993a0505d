/** Looks for a LibTorch that fits. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { InvSegError } from '../errors.js';
import {
  type Attempt,
  describe,
  inRange,
  installedRoot,
  LIBRARY,
  LIBTORCH_PIN,
  type Libtorch,
  type LibtorchSource,
  libtorchCache,
  named,
  pythonBeside,
  range,
  readVersion,
} from '../native/index.js';
import { addonFor } from './addon.js';

export { type Attempt, describe, type Libtorch, type LibtorchSource } from '../native/index.js';

export interface Search {
  found: Libtorch | undefined;
  attempts: Attempt[];
}

/**
 * Looks in the order option, `INVSEG_LIBTORCH`, `LIBTORCH`, cache, python3's torch. Nothing of torch is loaded or imported.
 *
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND` where the option or `INVSEG_LIBTORCH` names a place that does not do: taking another
 * one would hide the mistake
 */
export async function findLibtorch(option?: string, env: NodeJS.ProcessEnv = process.env): Promise<Search> {
  const attempts: Attempt[] = [];
  const look = (
    source: LibtorchSource,
    root: string | undefined,
    place: string,
    none: string,
  ): Libtorch | undefined => {
    const inspected = root === undefined ? none : inspect(root);
    const taken = typeof inspected !== 'string';
    attempts.push({ source, place, outcome: taken ? `LibTorch ${inspected.version}` : inspected });
    return taken ? { root: path.resolve(root as string), ...inspected, source } : undefined;
  };

  for (const [source, place] of named(option, env)) {
    const found = look(source, place, place, '');
    if (found) return { found, attempts };
    if (source !== 'LIBTORCH') throw notFound(attempts);
  }
  const cache = libtorchCache(env);
  for (const folder of [cache, ...otherReleases(cache)]) {
    const cached = look('cache', installedRoot(folder), folder, 'no finished installation');
    if (cached) return { found: cached, attempts };
  }
  const python = await askPython(env);
  const own = look('python3', python.torch, python.executable ?? 'python3', python.reason);
  if (own) return { found: { ...own, python: python.executable ?? own.python }, attempts };
  return { found: undefined, attempts };
}

/** Installations beside the pinned one, as `--wheel` makes them, the newest first. */
function otherReleases(cache: string): string[] {
  const folder = path.dirname(cache);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d+\.\d+\.\d+$/.test(name) && name !== path.basename(cache))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => path.join(folder, name));
}

/** The error that lists every place and every way out. */
export function notFound(attempts: readonly Attempt[]): InvSegError {
  return new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `No LibTorch ${range} was found. ${describe(attempts)}\nPossible solutions:\n` +
      `  run \`npx invseg setup\` with a network, which installs LibTorch ${LIBTORCH_PIN} into the cache;\n` +
      '  run `npx invseg setup --wheel FILE` with a wheel of torch;\n' +
      `  \`pip install torch==${LIBTORCH_PIN}\` for python3;\n` +
      '  unpack LibTorch and set INVSEG_LIBTORCH to the folder that holds its lib and include.',
  );
}

/** Whether somebody named a place: then a build with another LibTorch does not do. */
export function isNamed(option: string | undefined, env: NodeJS.ProcessEnv = process.env): boolean {
  return named(option, env).length > 0;
}

/** Version and Python of the LibTorch in `root`, or why it does not do. */
export function inspect(root: string): { version: string; python: string | null } | string {
  if (!existsSync(root)) return 'does not exist';
  const missing = [path.join('lib', LIBRARY), path.join('include', 'torch')].filter(
    (file) => !existsSync(path.join(root, file)),
  );
  const version = readVersion(root);
  // Headers are for building alone.
  const libraries = missing.length === 1 && missing[0]!.startsWith('include');
  if (missing.length > 0 && !(libraries && version !== undefined && addonFor({ version })))
    return `not a LibTorch: ${missing.join(' and ')} missing`;
  if (version === undefined) return 'a LibTorch of unknown version';
  if (!inRange(version)) return `LibTorch ${version}, but ${range} is needed`;
  return { version, python: pythonBeside(root) };
}

interface PythonAnswer {
  executable?: string;
  torch?: string;
  reason: string;
}

/** Where python3 would import torch from; find_spec does not import it, which would take seconds. */
async function askPython(env: NodeJS.ProcessEnv): Promise<PythonAnswer> {
  const question =
    'import importlib.util, json, os, sys\n' +
    's = importlib.util.find_spec("torch")\n' +
    'print(json.dumps([sys.executable, os.path.dirname(s.origin) if s and s.origin else None]))';
  try {
    const { stdout } = await promisify(execFile)('python3', ['-c', question], { env, timeout: 30_000 });
    const [executable, torch] = JSON.parse(stdout) as [string, string | null];
    return torch === null ? { executable, reason: 'has no torch' } : { executable, torch, reason: '' };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { reason: missing ? 'not on the PATH' : `did not answer: ${(error as Error).message.split('\n')[0]}` };
  }
}
