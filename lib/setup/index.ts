/** From a fresh checkout or installation to an addon that loads. */
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { type BuildStamp, builtFolder, prebuildFor, rememberLibtorch } from '../native/index.js';
import { buildAddon, currentBuild } from './build.js';
import { installLibtorch } from './install.js';
import { type Attempt, describe, findLibtorch, inspect, isNamed, type Libtorch, notFound } from './libtorch.js';
import { isCheckout, libtorchCache } from './places.js';
import type { Log } from './tools.js';

export { buildNativeTests } from './build.js';
export type { Attempt, Libtorch, LibtorchSource } from './libtorch.js';
export { LIBTORCH_PIN } from './places.js';
export type { Log } from './tools.js';

export interface SetupOptions {
  /** Root of a LibTorch; searched for, and installed where there is none, by default. */
  libtorch?: string | undefined;
  /** Build even where nothing changed. */
  rebuild?: boolean | undefined;
  /** Install LibTorch where none is found (true). */
  install?: boolean | undefined;
  /** Takes what is being done, line by line; silent by default. */
  log?: Log | undefined;
}

export interface SetupReport {
  /** Folder of the addon. */
  folder: string;
  /** Root of the LibTorch in use. */
  libtorch: string;
  libtorchVersion: string;
  /** The Python that can import this LibTorch's torch, where there is one. */
  python: string | null;
  /** Whether LibTorch was installed by this run. */
  installed: boolean;
  /** Whether the addon was built by this run. */
  built: boolean;
  /** Places that were searched for LibTorch; empty where the build was current. */
  attempts: Attempt[];
  seconds: number;
}

/**
 * Finds or installs LibTorch and builds the addon against it. Does nothing where a current build is there.
 *
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND` where a named LibTorch does not do, or none is found and none may be installed;
 * `TOOL_MISSING` where a tool is missing; `SETUP_FAILED` where one fails
 */
export async function runSetup(options: SetupOptions = {}): Promise<SetupReport> {
  const start = performance.now();
  const log = options.log ?? (() => {});
  const report = (
    stamp: BuildStamp,
    attempts: Attempt[],
    made: { installed: boolean; built: boolean },
  ): SetupReport => {
    const { libtorch, libtorchVersion, python } = stamp;
    const seconds = (performance.now() - start) / 1000;
    return { folder: builtFolder(libtorchVersion), libtorch, libtorchVersion, python, ...made, attempts, seconds };
  };
  const nothing = (stamp: BuildStamp, attempts: Attempt[]): SetupReport => {
    log(`The addon is built (LibTorch ${stamp.libtorchVersion} in ${stamp.libtorch}); nothing to do`);
    return report(stamp, attempts, { installed: false, built: false });
  };

  const current = options.rebuild ? undefined : currentBuild();
  if (current && !isNamed(options.libtorch)) return nothing(current, []);
  const { found, attempts } = await findLibtorch(options.libtorch);
  const libtorch = found ?? (await install(attempts, options.install ?? true, log));
  if (current && path.resolve(current.libtorch) === libtorch.root) return nothing(current, attempts);
  log(`LibTorch ${libtorch.version} (${libtorch.source}): ${libtorch.root}`);
  // What programs load with from now on where they name none.
  rememberLibtorch(libtorch);
  // A checkout builds its sources, which change.
  const prebuild = options.rebuild || isCheckout() ? undefined : prebuildFor(libtorch.version);
  if (prebuild) {
    log(`The package's own addon for LibTorch ${prebuild.libtorch} fits; nothing to build`);
    const { root, version, python } = libtorch;
    const about = { libtorch: root, libtorchVersion: version, python, installed: found === undefined, built: false };
    return { folder: path.dirname(prebuild.addon), ...about, attempts, seconds: (performance.now() - start) / 1000 };
  }
  const stamp = await buildAddon(libtorch, log);
  return report(stamp, attempts, { installed: found === undefined, built: true });
}

async function install(attempts: Attempt[], allowed: boolean, log: Log): Promise<Libtorch> {
  if (!allowed) throw notFound(attempts);
  log(`No LibTorch was found. ${describe(attempts)}`);
  const root = await installLibtorch(libtorchCache(), log);
  const inspected = inspect(root);
  if (typeof inspected === 'string') {
    throw new InvSegError('SETUP_FAILED', `The LibTorch that was installed into ${root} does not do: ${inspected}.`);
  }
  return { root, ...inspected, source: 'cache' };
}
