/** What a folder says of the LibTorch in it. Nothing of it is loaded. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LIBTORCH_RANGE } from './places.js';

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

export const LIBRARY = process.platform === 'darwin' ? 'libtorch_cpu.dylib' : 'libtorch_cpu.so';
/** What a build takes from a LibTorch beside its libraries. */
export const HEADERS = path.join('include', 'torch');
export const range = `${LIBTORCH_RANGE.from.join('.')} to ${LIBTORCH_RANGE.to.join('.')}`;

export function describe(attempts: readonly Attempt[]): string {
  return ['Looked at:', ...attempts.map(({ source, place, outcome }) => `  ${source}: ${place}: ${outcome}`)].join(
    '\n',
  );
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

/** Root of the LibTorch that was installed into `folder`, or undefined where none was, or not to its end. */
export function installedRoot(folder: string): string | undefined {
  try {
    const { root } = JSON.parse(readFileSync(path.join(folder, INSTALLED), 'utf8')) as { root: string };
    return path.join(folder, root);
  } catch {
    return undefined;
  }
}

/** Written last: an installation without it was interrupted and is done anew. */
export const INSTALLED = 'complete.json';
