/** Finds the built addon, maps its LibTorch and loads it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import type { NativeBinding } from './binding.js';
import { adopt } from './errors.js';
import { ADDON, BUILD_FOLDER, type BuildStamp, readStamp, SHIM, STAMP } from './stamp.js';

export { toInvSegError } from './errors.js';

export interface Addon {
  binding: NativeBinding;
  /** Folder of the binaries. */
  folder: string;
  /** Root of LibTorch: the folder with `lib` and `include`. */
  libtorch: string;
  libtorchVersion: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
  /** The dynamic linker's reasons for libraries that exist and could not be mapped; `devices.ts` says what they mean. */
  warnings: string[];
}

interface Shim {
  load(folder: string): { loaded: string[]; failed: string[] };
}

const WAY_OUT = 'Run `npx invseg setup` (in a checkout: `npm run setup`) to build it';

// Modules are one an environment: each worker thread has its own.
let addon: Addon | undefined;

/**
 * Loads the addon once for this environment (main thread or worker thread).
 *
 * It lies in the folder that `INVSEG_ADDON` names, else in the package's `build/Release`; its LibTorch is the one that it was
 * built with.
 *
 * @throws {InvSegError} `ADDON_NOT_BUILT` where there is none; `LIBTORCH_NOT_FOUND` where its LibTorch has gone;
 * `ADDON_LOAD_FAILED` where the dynamic linker refuses it
 */
export function loadBinding(): Addon {
  addon ??= load();
  return addon;
}

function load(): Addon {
  const { folder, stamp } = findBuild();
  const libraries = path.join(stamp.libtorch, 'lib');
  if (!existsSync(libraries)) {
    throw new InvSegError(
      'LIBTORCH_NOT_FOUND',
      `The addon in ${folder} was built with the LibTorch in ${stamp.libtorch}, which is no longer there. ${WAY_OUT} again.`,
    );
  }
  const require = createRequire(import.meta.url);
  const shim = attempt(path.join(folder, SHIM), (file) => require(file) as Shim);
  const { failed } = attempt(libraries, (file) => shim.load(file));
  const binding = attempt(path.join(folder, ADDON), (file) => require(file) as NativeBinding);
  const { libtorch, libtorchVersion, python } = stamp;
  return { binding: adopt(binding), folder, libtorch, libtorchVersion, python, warnings: failed };
}

function findBuild(): { folder: string; stamp: BuildStamp } {
  const named = process.env['INVSEG_ADDON'];
  // A folder that the user names is the only candidate: falling back to another build would hide a wrong path.
  const folder = named ? path.resolve(named) : BUILD_FOLDER;
  const missing = [ADDON, SHIM, STAMP].filter((file) => !existsSync(path.join(folder, file)));
  const stamp = readStamp(folder);
  if (missing.length === 0 && stamp) return { folder, stamp };
  const tried = [ADDON, SHIM, STAMP].map((file) => {
    const state = missing.includes(file)
      ? 'missing'
      : file === STAMP
        ? 'not readable as a stamp of this version'
        : 'found';
    return `  ${path.join(folder, file)}: ${state}`;
  });
  throw new InvSegError(
    'ADDON_NOT_BUILT',
    named
      ? `The folder that INVSEG_ADDON names has no addon: correct or unset it. Looked for:\n${tried.join('\n')}`
      : `The native addon has not been built. ${WAY_OUT}. Looked for:\n${tried.join('\n')}`,
  );
}

function attempt<T>(file: string, open: (file: string) => T): T {
  try {
    return open(file);
  } catch (error) {
    throw new InvSegError(
      'ADDON_LOAD_FAILED',
      `The native addon could not be loaded from ${file}: ${(error as Error).message}. ${WAY_OUT} again.`,
      { cause: error },
    );
  }
}
