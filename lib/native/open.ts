/** Maps LibTorch's libraries with the shim, then loads the addon. */
import os from 'node:os';
import type { NativeBinding } from './binding.js';

interface Shim {
  load(folder: string): { loaded: string[]; failed: string[] };
}

/** What was being loaded when the dynamic linker refused. */
export class LinkerError extends Error {
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super((cause as Error).message, { cause });
    this.name = 'LinkerError';
    this.file = file;
  }
}

/**
 * @param libraries LibTorch's folder `lib`
 * @returns the addon's exports, and the linker's reasons for libraries that exist and could not be mapped
 * @throws {LinkerError}
 */
export function openAddon(
  shim: string,
  libraries: string,
  addon: string,
): { binding: NativeBinding; failed: string[] } {
  const { failed } = attempt(libraries, () => open<Shim>(shim).load(libraries));
  return { binding: open<NativeBinding>(addon), failed };
}

function open<T>(file: string): T {
  const module = { exports: {} as T };
  // All symbols now: one that LibTorch has not would end the process where it is first called.
  attempt(file, () => process.dlopen(module, file, os.constants.dlopen.RTLD_NOW));
  return module.exports;
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LinkerError ? error : new LinkerError(file, error);
  }
}
