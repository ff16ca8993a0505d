/** Finds an addon, maps its LibTorch and loads it. */
import path from 'node:path';
import { isPlainObject } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { NativeBinding } from './binding.js';
import { type AddonOptions, type Candidate, candidates } from './candidates.js';
import { adopt } from './errors.js';
import { crashedBefore, firstLoad } from './first-load.js';
import { LinkerError, openAddon } from './open.js';

export type { AddonOptions } from './candidates.js';

export interface Addon {
  binding: NativeBinding;
  /** Folder of the binaries. */
  folder: string;
  /** Where they come from. */
  origin: Candidate['origin'];
  /** Root of LibTorch: the folder with `lib`. */
  libtorch: string;
  libtorchVersion: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
  /** The dynamic linker's reasons for libraries that exist and could not be mapped; `devices.ts` says what they mean. */
  warnings: string[];
}

export interface LoadOptions extends AddonOptions {
  /** Load it in a process of its own first, where that was never done (true). */
  apart?: boolean;
}

const REBUILD = 'npx invseg setup --rebuild';

/** What to do about an addon that does not load. A set-up changes nothing of one that somebody names. */
const REMEDIES: Record<Candidate['origin'], string> = {
  option: 'correct the option addon, or leave it out.',
  INVSEG_ADDON: 'correct or unset INVSEG_ADDON.',
  prebuild: `build the addon for this one.\nRun:\n  ${REBUILD}`,
  'local build': `build the addon for this one.\nRun:\n  ${REBUILD}`,
};

// Modules are one an environment: each worker thread has its own.
let loaded: { addon: Addon; options: AddonOptions } | undefined;

/**
 * Loads the addon once for this environment (main thread or worker thread), with the LibTorch that is named or found.
 *
 * The order: the option `addon`, `INVSEG_ADDON`, the package's prebuilt addon for that LibTorch, one that the set-up built on this
 * machine for it. Of the last two, one that crashes or does not load leaves its turn to the next.
 *
 * @throws {InvSegError} `ADDON_NOT_BUILT` where there is none; `LIBTORCH_NOT_FOUND` where its LibTorch has gone;
 * `ADDON_LOAD_FAILED` where the dynamic linker refuses it, or it crashes; `INVALID_OPTION` where another was loaded already
 */
export function loadBinding({ apart = true, ...options }: LoadOptions = {}): Addon {
  if (loaded) {
    refuseAnother(loaded.options, options);
    return loaded.addon;
  }
  loaded = { addon: load(candidates(options), apart), options };
  return loaded.addon;
}

/** What was loaded. */
export type LoadedAddon = Pick<Addon, 'folder' | 'origin' | 'libtorch' | 'libtorchVersion'>;

/**
 * Loads the addon before anything needs it, and chooses it and its LibTorch in the program rather than by
 * `INVSEG_ADDON` and `INVSEG_LIBTORCH`. Holds for this thread; other processes and worker threads choose for
 * themselves.
 *
 * @param options folders of the addon and of LibTorch; default what is found
 * @returns where both came from
 * @throws {InvSegError} `INVALID_OPTION`, also where another was loaded already; `ADDON_NOT_BUILT`,
 * `LIBTORCH_NOT_FOUND`, `ADDON_LOAD_FAILED`
 * @example
 * ```ts
 * import { loadAddon } from 'invseg-native';
 *
 * const { folder, libtorchVersion } = loadAddon();
 * console.log(folder, libtorchVersion);
 * ```
 */
export function loadAddon(options: AddonOptions = {}): LoadedAddon {
  if (!isPlainObject(options))
    throw new InvSegError('INVALID_OPTION', 'Expected an object with addon or libtorch for the options of loadAddon');
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'addon' && name !== 'libtorch')
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected addon or libtorch for an option of loadAddon but received ${name}`,
      );
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new InvSegError('INVALID_OPTION', `Expected the path of a folder for ${name} but received ${typeof value}`);
  }
  const { folder, origin, libtorch, libtorchVersion } = loadBinding(options);
  return { folder, origin, libtorch, libtorchVersion };
}

function refuseAnother(first: AddonOptions, options: AddonOptions): void {
  for (const name of ['addon', 'libtorch'] as const) {
    const [before, now] = [first[name], options[name]];
    if (now === undefined || (before !== undefined && path.resolve(before) === path.resolve(now))) continue;
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected ${name} before the addon is loaded but received ${now} when ${before ?? 'the default'} had been; ask for it first, ` +
        'in every process and worker thread',
    );
  }
}

function load(list: readonly Candidate[], apart: boolean): Addon {
  const failures: InvSegError[] = [];
  for (const [i, candidate] of list.entries()) {
    // What crashed when it was tried is tried again only where nothing else is left.
    const last = i === list.length - 1;
    if (apart && !last && crashedBefore(candidate)) continue;
    try {
      return open(candidate, apart);
    } catch (error) {
      failures.push(error as InvSegError);
    }
  }
  const [error, ...others] = failures as [InvSegError, ...InvSegError[]];
  if (others.length === 0) throw error;
  const all = [error, ...others].map(({ message }) => `  ${message.split('\n')[0]}`);
  throw new InvSegError(error.code, `${error.message}\nAll that was tried:\n${all.join('\n')}\nRun:\n  ${REBUILD}`, {
    cause: error,
  });
}

function open(candidate: Candidate, apart: boolean): Addon {
  const { addon, shim, libtorch, libtorchVersion, python, origin } = candidate;
  const folder = path.dirname(addon);
  const crash = apart ? firstLoad(candidate) : undefined;
  if (crash !== undefined) {
    throw new InvSegError(
      'ADDON_LOAD_FAILED',
      `The process that loads the addon from ${folder} ${crash}, with the LibTorch ${libtorchVersion} in ${libtorch}: name another ` +
        `LibTorch with INVSEG_LIBTORCH, or ${REMEDIES[origin]}`,
    );
  }
  try {
    const { binding, failed } = openAddon(shim, path.join(libtorch, 'lib'), addon);
    return { binding: adopt(binding), folder, origin, libtorch, libtorchVersion, python, warnings: failed };
  } catch (error) {
    if (!(error instanceof LinkerError)) throw error;
    throw new InvSegError(
      'ADDON_LOAD_FAILED',
      `The native addon could not be loaded from ${error.file}: ${error.message}. Name another LibTorch with INVSEG_LIBTORCH, or ` +
        REMEDIES[origin],
      { cause: error.cause },
    );
  }
}
