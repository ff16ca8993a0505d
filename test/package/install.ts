/** The package as a user gets it: packed, and unpacked beside its production dependencies, without a registry. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DESCRIPTION, FORMAT, minorOf } from '../../lib/native/prebuilds.js';
import { ADDON, readStamp, SHIM } from '../../lib/native/stamp.js';
import { type Packed, packPublished } from '../../scripts/package.mjs';

export type { Packed };
export const checkout = fileURLToPath(new URL('../../', import.meta.url));

export interface Manifest {
  name: string;
  scripts?: Record<string, string>;
  devDependencies?: Record<string, string>;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The tarball of dist as it is: scripts are left out, the set-up is not what is tested here. */
export function pack(folder: string): Packed {
  return packPublished(folder);
}

/**
 * A project with the package in its node_modules and, as links, the packages that its dependencies reach and no others: what
 * only a development dependency would bring is not there.
 *
 * @returns the project's folder; the caller removes it
 */
export function install(tarball: string): string {
  const project = mkdtempSync(path.join(os.tmpdir(), 'invseg package-'));
  const own = path.join(project, 'node_modules', 'invseg-native');
  mkdirSync(own, { recursive: true });
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }));
  execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
  for (const [name, folder] of dependencies(own)) {
    const link = path.join(project, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(folder, link, 'dir');
  }
  return project;
}

/** The addon of `build` as the package's own, in place of what the tarball has of the kind. */
export function layOutPrebuild(own: string, build: string): void {
  const folder = path.join(own, 'prebuilds', `${process.platform}-${process.arch}`);
  remove(folder);
  mkdirSync(folder, { recursive: true });
  const { libtorchVersion, fingerprint } = readStamp(build)!;
  const minor = minorOf(libtorchVersion);
  const [addon, shim] = [`invseg.torch-${minor}.glibc.node`, 'invseg_shim.glibc.node'];
  copyFileSync(path.join(build, ADDON), path.join(folder, addon));
  copyFileSync(path.join(build, SHIM), path.join(folder, shim));
  const addons = { [minor]: { file: addon, builtWith: libtorchVersion } };
  const description = { format: FORMAT, fingerprint, glibc: '2.28', glibcxx: '3.4.25', shim, addons };
  writeFileSync(path.join(folder, DESCRIPTION), JSON.stringify(description));
}

export function remove(folder: string | undefined): void {
  if (folder) rmSync(folder, { recursive: true, force: true });
}

/** Name and folder in the checkout of every package that is reached from `folder`'s dependencies. */
function dependencies(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (from: string, resolveFrom: string): void => {
    const manifest = readManifest(from);
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    for (const name of [...Object.keys(manifest.dependencies ?? {}), ...optional]) {
      const target = locate(name, resolveFrom);
      if (target === undefined) {
        if (optional.includes(name)) continue; // a binary of another platform
        throw new Error(`${manifest.name} depends on ${name}, which is not installed in the checkout`);
      }
      if (found.has(name)) continue;
      found.set(name, target);
      visit(target, target);
    }
  };
  visit(folder, checkout);
  return found;
}

function locate(name: string, from: string): string | undefined {
  // Not require.resolve of the manifest: a package's exports may hide it.
  const folders = createRequire(path.join(from, 'package.json')).resolve.paths(name) ?? [];
  return folders
    .map((folder) => path.join(folder, name))
    .find((folder) => existsSync(path.join(folder, 'package.json')));
}
