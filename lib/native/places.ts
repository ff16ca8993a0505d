/** Where this package keeps what it makes, and which LibTorch it is for. */
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PACKAGE_ROOT } from './stamp.js';

/** The release that is installed where none is found; a plain version, so that a Python index or a local wheel can serve it. */
export const LIBTORCH_PIN = '2.13.0';
/** Versions that the sources are kept working with: [major, minor], both ends included. */
export const LIBTORCH_RANGE = { from: [2, 11], to: [2, 14] } as const;

/** Whether this is the repository and not an installed package. The published package carries no tsconfig.json. */
export function isCheckout(root = PACKAGE_ROOT): boolean {
  return existsSync(path.join(root, 'tsconfig.json'));
}

/**
 * The cache: `INVSEG_CACHE`, or `.cache` in a checkout, or the user's cache folder for an installed package, whose own folder
 * is replaced by every update.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['INVSEG_CACHE']) return path.resolve(env['INVSEG_CACHE']);
  if (isCheckout()) return path.join(PACKAGE_ROOT, '.cache');
  return path.join(env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'invseg-native');
}

/** Folder of the installation of the pinned LibTorch; other versions lie beside it. */
export function libtorchCache(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheFolder(env), 'libtorch', LIBTORCH_PIN);
}
