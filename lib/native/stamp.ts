/** What a build of the addon was made of: `invseg.json` beside the binaries, written by the set-up, read by the loader. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The same two steps up from lib/native and from dist/native. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Where cmake-js leaves the binaries. */
export const BUILD_FOLDER = path.join(PACKAGE_ROOT, 'build', 'Release');
export const ADDON = 'invseg.node';
export const SHIM = 'invseg_shim.node';
export const STAMP = 'invseg.json';

export interface BuildStamp {
  format: 'invseg-build/1';
  /** Hash of the native sources, the CMake file and the tools' versions. */
  fingerprint: string;
  /** Root of the LibTorch that it was built against: the folder with `lib` and `include`. */
  libtorch: string;
  libtorchVersion: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
}

/** The stamp of a build folder, or undefined where there is none that can be used. */
export function readStamp(folder: string): BuildStamp | undefined {
  try {
    const stamp = JSON.parse(readFileSync(path.join(folder, STAMP), 'utf8')) as BuildStamp;
    const usable =
      stamp.format === 'invseg-build/1' &&
      typeof stamp.libtorch === 'string' &&
      typeof stamp.libtorchVersion === 'string';
    return usable ? stamp : undefined;
  } catch {
    return undefined;
  }
}
