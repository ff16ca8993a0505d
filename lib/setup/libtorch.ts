/** Looks for a LibTorch that fits. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { InvSegError } from '../errors.js';
import { installedRoot } from './install.js';
import { LIBTORCH_PIN, LIBTORCH_RANGE, libtorchCache } from './places.js';

export type LibtorchSource = 'addon' | 'remembered' | 'option' | 'INVSEG_LIBTORCH' | 'LIBTORCH' | 'cache' | 'python3';

export interface Libtorch {
  /** The folder with `lib` and `include`. */
  root: string;
  version: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
  source: LibtorchSource;
}

/** A place that was looked at. */
export interface Attempt {
  source: LibtorchSource;
  place: string;
  /** Why it was not taken, or that it was. */
  outcome: string;
}

export interface Search {
  found: Libtorch | undefined;
  attempts: Attempt[];
}

export const LIBRARY = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';
export const range = `${LIBTORCH_RANGE.from.join('.')} to ${LIBTORCH_RANGE.to.join('.')}`;

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
  const cached = look('cache', installedRoot(cache), cache, 'no finished installation');
  if (cached) return { found: cached, attempts };
  const python = await askPython(env);
  const own = look('python3', python.torch, python.executable ?? 'python3', python.reason);
  if (own) return { found: { ...own, python: python.executable ?? own.python }, attempts };
  return { found: undefined, attempts };
}

/** The error that lists every place and every way out. */
export function notFound(attempts: readonly Attempt[]): InvSegError {
  return new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `No LibTorch ${range} was found. ${describe(attempts)}\nPossible solutions:\n` +
      `  run \`npx invseg setup\` with a network, which installs LibTorch ${LIBTORCH_PIN} into the cache;\n` +
      `  \`pip install torch==${LIBTORCH_PIN}\` for python3;\n` +
      '  unpack LibTorch and set INVSEG_LIBTORCH to the folder that holds its lib and include.',
  );
}

export function describe(attempts: readonly Attempt[]): string {
  return ['Looked at:', ...attempts.map(({ source, place, outcome }) => `  ${source}: ${place}: ${outcome}`)].join(
    '\n',
  );
}

/** Whether somebody named a place: then a build with another LibTorch does not do. */
export function isNamed(option: string | undefined, env: NodeJS.ProcessEnv = process.env): boolean {
  return named(option, env).length > 0;
}

/** The places that somebody named, in order. */
export function named(option: string | undefined, env: NodeJS.ProcessEnv): [LibtorchSource, string][] {
  const places: [LibtorchSource, string | undefined][] = [
    ['option', option],
    ['INVSEG_LIBTORCH', env['INVSEG_LIBTORCH']],
    ['LIBTORCH', env['LIBTORCH']],
  ];
  return places.filter((entry): entry is [LibtorchSource, string] => Boolean(entry[1]));
}

/** Version and Python of the LibTorch in `root`, or why it does not do. */
export function inspect(root: string): { version: string; python: string | null } | string {
  if (!existsSync(root)) return 'does not exist';
  const missing = [path.join('lib', LIBRARY), path.join('include', 'torch')].filter(
    (file) => !existsSync(path.join(root, file)),
  );
  if (missing.length > 0) return `not a LibTorch: ${missing.join(' and ')} missing`;
  const version = readVersion(root);
  if (version === undefined) return 'a LibTorch of unknown version';
  if (!inRange(version)) return `LibTorch ${version}, but ${range} is needed`;
  return { version, python: pythonBeside(root) };
}

export function inRange(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const { from, to } = LIBTORCH_RANGE;
  const order = major * 1000 + minor;
  return order >= from[0] * 1000 + from[1] && order <= to[0] * 1000 + to[1];
}

/** A wheel tells it in version.py, an archive in build-version, the headers in both. */
export function readVersion(root: string): string | undefined {
  const wheel = /__version__ = '([^']+)'/.exec(readText(path.join(root, 'version.py')))?.[1];
  const archive = readText(path.join(root, 'build-version')).trim().split('\n')[0];
  if (wheel || archive) return wheel || archive;
  for (const header of ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h']) {
    const text = readText(path.join(root, 'include', header));
    const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
      (part) => new RegExp(`define TORCH_VERSION_${part} (\\d+)`).exec(text)?.[1],
    );
    if (parts.every(Boolean)) return parts.join('.');
  }
  return undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The Python of the environment that a wheel lies in: <environment>/lib/python3.x/site-packages/torch. */
export function pythonBeside(root: string): string | null {
  const bin = path.resolve(root, '..', '..', '..', '..', 'bin');
  if (path.basename(path.dirname(root)) !== 'site-packages' || !existsSync(bin)) return null;
  const name = ['python3', 'python'].find((candidate) => readdirSync(bin).includes(candidate));
  return name ? path.join(bin, name) : null;
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
