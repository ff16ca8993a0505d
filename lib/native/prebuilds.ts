/** The prebuilt addons of the package: which of them, if any, fits a LibTorch and this host. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fingerprint } from './fingerprint.js';
import { type Host, thisHost } from './host.js';
import { isCheckout } from './places.js';
import { PACKAGE_ROOT } from './stamp.js';

/** Of the description beside the binaries, which `scripts/prebuild.mjs` writes. */
export const FORMAT = 'invseg-prebuilds/1';
export const DESCRIPTION = 'prebuilds.json';

interface Description {
  format: typeof FORMAT;
  /** Of the sources that the binaries were made from. */
  fingerprint: string;
  /** Lowest versions of the system's libraries, such as `2.34` and `3.4.29`; null where it has none of them. */
  glibc: string | null;
  glibcxx: string | null;
  shim: string;
  /** By minor version of LibTorch, such as `2.13`. */
  addons: Record<string, { file: string; builtWith: string }>;
}

/** An addon that needs no build. */
export interface Prebuild {
  /** Path of the addon, and of the shim that maps LibTorch. */
  addon: string;
  shim: string;
  /** Minor version of LibTorch that it fits, such as `2.13`. */
  libtorch: string;
}

/** Major and minor of a version: `2.13` of `2.13.0+cpu`. LibTorch's C++ interface is one within a minor version. */
export const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** prebuildify's folder of a platform. */
export function prebuildsFolder({ platform, arch }: Host = thisHost(), root = PACKAGE_ROOT): string {
  return path.join(root, 'prebuilds', `${platform}-${arch}`);
}

/**
 * The prebuilt addon that fits, or undefined. The loader takes it, and the set-up builds nothing then.
 *
 * @param libtorchVersion such as `2.13.0+cpu`; builds for the CPU and for CUDA of one version share an addon
 */
export function prebuildFor(
  libtorchVersion: string,
  host: Host = thisHost(),
  root = PACKAGE_ROOT,
): Prebuild | undefined {
  const fitting = match(libtorchVersion, host, root);
  return typeof fitting === 'string' ? undefined : fitting;
}

/** Why no prebuilt addon fits, for a message; undefined where one does. */
export function whyNoPrebuild(
  libtorchVersion: string,
  host: Host = thisHost(),
  root = PACKAGE_ROOT,
): string | undefined {
  const fitting = match(libtorchVersion, host, root);
  return typeof fitting === 'string' ? fitting : undefined;
}

function match(libtorchVersion: string, host: Host, root: string): Prebuild | string {
  const folder = prebuildsFolder(host, root);
  const description = read(folder);
  if (!description) return 'none for this platform';
  const { addons, shim, glibc } = description;
  const minor = minorOf(libtorchVersion);
  const addon = addons[minor];
  if (!addon) return `for LibTorch ${Object.keys(addons).join(' and ')}, not ${minor}`;
  if (glibc !== null && (host.glibc === undefined || before(host.glibc, glibc)))
    return `for glibc ${glibc} or newer, and this is ${host.glibc ?? 'another libc'}`;
  const files = { addon: path.join(folder, addon.file), shim: path.join(folder, shim) };
  const missing = Object.values(files).find((file) => !existsSync(file));
  if (missing) return `${path.basename(missing)} is missing: the package is damaged`;
  // In a checkout the sources change under the binaries.
  if (isCheckout(root) && description.fingerprint !== fingerprint(root)) return 'made from other sources than these';
  return { ...files, libtorch: minor };
}

function read(folder: string): Description | undefined {
  try {
    const description = JSON.parse(readFileSync(path.join(folder, DESCRIPTION), 'utf8')) as Description;
    return description.format === FORMAT ? description : undefined;
  } catch {
    return undefined;
  }
}

function before(a: string, b: string): boolean {
  const [[major = 0, minor = 0], [otherMajor = 0, otherMinor = 0]] = [a, b].map((text) =>
    text.split('.').map(Number),
  ) as [number[], number[]];
  return major === otherMajor ? minor < otherMinor : major < otherMajor;
}
