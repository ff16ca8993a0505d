/** From a fresh checkout or installation to an addon that loads. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { type BuildStamp, builtFolder, libtorchCache, rememberLibtorch } from '../native/index.js';
import { addonFor } from './addon.js';
import { buildAddon, checkTools, currentBuild } from './build.js';
import { type Fetch, planFor, sizeText } from './fetch.js';
import { installLibtorch, wantsPip } from './install.js';
import { installed, type Marker } from './installed.js';
import { type Attempt, describe, findLibtorch, inspect, isNamed, type Libtorch, notFound } from './libtorch.js';
import type { Progress } from './progress.js';
import type { Log } from './tools.js';

export { buildNativeTests } from './build.js';
export { sizeText } from './fetch.js';
export { bytesText, progressBar } from './progress.js';

export interface SetupOptions {
  /** Root of a LibTorch; searched for, and installed where there is none, by default. */
  libtorch?: string | undefined;
  /** Installs LibTorch for CUDA (true) or for the CPU (false) unless the cache has it; undefined takes what is found or fits. */
  cuda?: boolean | undefined;
  /** Installs LibTorch from this wheel of torch: a file or an address. */
  wheel?: string | undefined;
  /** Installs with pip into a Python environment, as a checkout does, whose tools need torch for Python. */
  pip?: boolean | undefined;
  /** Build even where nothing changed. */
  rebuild?: boolean | undefined;
  /** Install LibTorch where none is found (true). */
  install?: boolean | undefined;
  /** Takes what is being done, line by line; silent by default. */
  log?: Log | undefined;
  /** Takes bytes of downloads; lines of `log` by default. */
  progress?: ((progress: Progress) => void) | undefined;
  /** Ends a download; the next set-up goes on with it. */
  signal?: AbortSignal | undefined;
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

/** What a set-up would do. */
export interface SetupPlan {
  /** The build that is there and needs nothing done. */
  current: BuildStamp | undefined;
  /** The LibTorch that is there. */
  found: Libtorch | undefined;
  /** The wheels that would be fetched. */
  fetch: Fetch | undefined;
  /** Whether pip would install it instead. */
  pip: boolean;
  /** Whether the addon would be built; the tools for it are there then. */
  build: boolean;
  attempts: Attempt[];
}

/**
 * Finds out what is to be done, and checks what it needs: tools, network, room. Writes nothing. `fetch.close()` ends its connections.
 *
 * @throws {InvSegError} as {@link runSetup}
 */
export async function planSetup(options: SetupOptions = {}): Promise<SetupPlan> {
  const nothing = { found: undefined, fetch: undefined, pip: false, build: false, attempts: [] };
  const asked = options.cuda !== undefined || options.wheel !== undefined || options.pip === true;
  if (asked) checkAsked(options);
  const current = options.rebuild ? undefined : currentBuild();
  if (current && !asked && !isNamed(options.libtorch)) return { ...nothing, current };
  const { found: there, attempts } = asked ? cachedAsAsked(options) : findLibtorch(options.libtorch);
  const found = there && options.rebuild ? withHeaders(there) : there;
  if (found && current && path.resolve(current.libtorch) === found.root)
    return { ...nothing, current, found, attempts };
  if (!found && options.install === false) throw notFound(attempts);
  const pip = !found && wantsPip(options);
  // What cannot be built need not be downloaded.
  const fits = !options.rebuild && found !== undefined && addonFor(found) !== undefined;
  const fetch = found || pip ? undefined : await planFor({ ...options, log: options.log ?? (() => {}) });
  const build = !fits && !(fetch && !options.rebuild && addonFor(fetch));
  try {
    if (build) checkTools();
  } catch (error) {
    await fetch?.close();
    throw error;
  }
  return { current: undefined, found, fetch, pip, build, attempts };
}

/**
 * Finds or installs LibTorch and builds the addon against it where none of the package fits. Does nothing where all is there.
 *
 * @throws {InvSegError} `LIBTORCH_NOT_FOUND` where a named LibTorch does not do, or none is found and none may be installed;
 * `DOWNLOAD_FAILED` where none can be fetched; `WHEEL_INVALID`; `TOOL_MISSING` where a tool is missing; `SETUP_FAILED` where one fails,
 * and without room; `INVALID_OPTION`; `ABORTED`
 */
export async function runSetup(options: SetupOptions = {}): Promise<SetupReport> {
  const start = performance.now();
  const log = options.log ?? (() => {});
  const plan = await planSetup(options);
  const report = (
    stamp: Pick<BuildStamp, 'libtorch' | 'libtorchVersion' | 'python'>,
    folder: string,
    built: boolean,
  ) => {
    const { libtorch, libtorchVersion, python } = stamp;
    const { attempts, found, current } = plan;
    const seconds = (performance.now() - start) / 1000;
    return { folder, libtorch, libtorchVersion, python, installed: !found && !current, built, attempts, seconds };
  };
  if (plan.current) {
    const { libtorch, libtorchVersion } = plan.current;
    log(`The addon is built (LibTorch ${libtorchVersion} in ${libtorch}); nothing to do`);
    return report(plan.current, builtFolder(libtorchVersion), false);
  }
  const libtorch = plan.found ?? (await install(plan, log));
  log(`LibTorch ${libtorch.version} (${libtorch.source}): ${libtorch.root}`);
  // What programs load with from now on where they name none.
  rememberLibtorch(libtorch);
  const { root, version, python } = libtorch;
  const fitting = plan.build ? undefined : addonFor(libtorch);
  if (fitting) {
    log(`The package's own addon for LibTorch ${fitting.libtorch} fits; nothing to build`);
    return report({ libtorch: root, libtorchVersion: version, python }, fitting.folder, false);
  }
  return report(await buildAddon(libtorch, log), builtFolder(version), true);
}

/** The LibTorch where it can be built against; undefined for one of the cache, which is fetched again then, with headers. */
function withHeaders(libtorch: Libtorch): Libtorch | undefined {
  const { root, source } = libtorch;
  if (existsSync(path.join(root, 'include', 'torch'))) return libtorch;
  if (source === 'cache') return undefined;
  throw new InvSegError(
    'LIBTORCH_NOT_FOUND',
    `Expected a LibTorch with include/torch to build against but ${root} (${source}) has libraries alone: name a whole one, or leave ` +
      'out --rebuild.',
  );
}

function checkAsked({ libtorch, cuda, wheel, pip }: SetupOptions): void {
  const flag = wheel !== undefined ? '--wheel' : pip ? '--pip' : cuda ? '--cuda' : '--cpu';
  const other = libtorch ? '--libtorch' : process.env['INVSEG_LIBTORCH'] ? 'INVSEG_LIBTORCH' : undefined;
  if (other) {
    const told = `${flag} installs a LibTorch, and ${other} names one to use instead: leave one of them out.`;
    throw new InvSegError('INVALID_OPTION', told);
  }
}

/** The installation in the cache where it is what was asked for; a wheel that is named is always taken. */
function cachedAsAsked({ cuda, wheel, pip }: SetupOptions): { found: Libtorch | undefined; attempts: Attempt[] } {
  const folder = libtorchCache();
  const there = installed(folder);
  if (!there || wheel !== undefined || pip || isForCuda(there) !== cuda) return { found: undefined, attempts: [] };
  const inspected = inspect(there.root);
  const outcome = typeof inspected === 'string' ? inspected : `LibTorch ${inspected.version}`;
  const attempts: Attempt[] = [{ source: 'cache', place: folder, outcome }];
  return {
    found: typeof inspected === 'string' ? undefined : { root: there.root, ...inspected, source: 'cache' },
    attempts,
  };
}

/** By its libraries where pip installed it. */
function isForCuda({ cuda, root }: Marker): boolean {
  return cuda === undefined ? existsSync(path.join(root, 'lib', 'libtorch_cuda.so')) : cuda !== null;
}

async function install({ fetch, attempts, build }: SetupPlan, log: Log): Promise<Libtorch> {
  if (attempts.length > 0) log(`No LibTorch was found. ${describe(attempts)}`);
  let root: string;
  if (fetch) {
    log(`Fetching LibTorch ${fetch.version} (${sizeText(fetch)})`);
    try {
      root = await fetch.install(build);
    } finally {
      await fetch.close();
    }
  } else root = await installLibtorch(libtorchCache(), log);
  const inspected = inspect(root);
  if (typeof inspected === 'string') {
    throw new InvSegError('SETUP_FAILED', `The LibTorch that was installed into ${root} does not do: ${inspected}.`);
  }
  return { root, ...inspected, source: 'cache' };
}

export { addonFor } from './addon.js';
export { findLibtorch, inspect } from './libtorch.js';
