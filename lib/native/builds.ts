/** Addons that the set-up built on this machine: in a checkout its own build, else those of the user's cache. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fingerprint } from './fingerprint.js';
import { cacheFolder, isCheckout } from './places.js';
import { ADDON, BUILD_FOLDER, type BuildStamp, PACKAGE_ROOT, readStamp, SHIM, STAMP } from './stamp.js';

export interface LocalBuild {
  /** Holds `invseg.node`, `invseg_shim.node` and `invseg.json`. */
  folder: string;
  stamp: BuildStamp;
}

/** Whether `folder` holds a whole build, with its stamp. */
export function readBuild(folder: string): LocalBuild | undefined {
  const stamp = readStamp(folder);
  return stamp && [ADDON, SHIM].every((file) => existsSync(path.join(folder, file))) ? { folder, stamp } : undefined;
}

/** Where the builds of these sources lie: one folder for each LibTorch, or, in a checkout, the only one. */
export function buildsFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (isCheckout()) return BUILD_FOLDER;
  return path.join(cacheFolder(env), 'addons', fingerprint(PACKAGE_ROOT).slice(0, 16));
}

/**
 * Where the set-up leaves the addon that it builds. Every project with these sources finds it there.
 *
 * @param version of LibTorch, such as `2.13.0+cpu`
 */
export function builtFolder(version: string, env: NodeJS.ProcessEnv = process.env): string {
  return isCheckout() ? BUILD_FOLDER : path.join(buildsFolder(env), `libtorch-${version.replace(/[^\w.+-]/g, '_')}`);
}

/** The builds that are whole, the newest first. */
export function localBuilds(env: NodeJS.ProcessEnv = process.env): LocalBuild[] {
  const folder = buildsFolder(env);
  const folders = folder === BUILD_FOLDER ? [folder] : list(folder);
  return folders
    .flatMap((entry) => readBuild(entry) ?? [])
    .map((build) => ({ build, made: statSync(path.join(build.folder, STAMP)).mtimeMs }))
    .sort((a, b) => b.made - a.made)
    .map(({ build }) => build);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}
