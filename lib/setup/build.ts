/** Builds the addon with cmake-js. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ADDON, BUILD_FOLDER, type BuildStamp, PACKAGE_ROOT, readStamp, SHIM, STAMP } from '../native/index.js';
import { cmakeJs } from './cmake-js.js';
import { fingerprint } from './fingerprint.js';
import { inspect, type Libtorch } from './libtorch.js';
import { withLock } from './lock.js';
import { isCheckout, logFile } from './places.js';
import { type Log, requireTool, runTool, step } from './tools.js';

/** The build tree, which cmake-js names so. */
export const BUILD_TREE = path.join(PACKAGE_ROOT, 'build');

const LOCK = 'invseg.lock';

/** The stamp of a build that needs nothing done, or undefined. */
export function currentBuild(): BuildStamp | undefined {
  const stamp = readStamp(BUILD_FOLDER);
  if (!stamp || ![ADDON, SHIM].every((file) => existsSync(path.join(BUILD_FOLDER, file)))) return undefined;
  const libtorch = inspect(stamp.libtorch);
  if (typeof libtorch === 'string' || libtorch.version !== stamp.libtorchVersion) return undefined;
  return stamp.fingerprint === fingerprint(PACKAGE_ROOT) ? stamp : undefined;
}

/**
 * Builds `invseg.node` and `invseg_shim.node` against `libtorch` and leaves the stamp beside them.
 *
 * @throws {InvSegError} `TOOL_MISSING` without cmake, make or a compiler; `SETUP_FAILED` with the compiler's output
 */
export async function buildAddon(libtorch: Libtorch, log: Log): Promise<BuildStamp> {
  return withBuildTree(log, async () => {
    // A build that fails half-way must not look finished.
    rmSync(path.join(BUILD_FOLDER, STAMP), { force: true });
    const made = fingerprint(PACKAGE_ROOT);
    await configure(libtorch.root, [], log);
    await make(['invseg', 'invseg_shim'], 'Building the addon', 'build', log);
    const stamp: BuildStamp = {
      format: 'invseg-build/1',
      fingerprint: made,
      libtorch: libtorch.root,
      libtorchVersion: libtorch.version,
      python: libtorch.python,
    };
    writeFileSync(path.join(BUILD_FOLDER, STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
    // Objects and precompiled headers are hundreds of megabytes; only a checkout is built again, after a change.
    if (!isCheckout()) keepWhatIsLoaded();
    return stamp;
  });
}

/** Removes everything of the build tree but the binaries and their stamp, and the lock, which is held. */
function keepWhatIsLoaded(): void {
  const kept = (folder: string, names: readonly string[]): void => {
    for (const name of readdirSync(folder).filter((entry) => !names.includes(entry))) {
      rmSync(path.join(folder, name), { recursive: true, force: true });
    }
  };
  kept(BUILD_TREE, [path.basename(BUILD_FOLDER), LOCK]);
  kept(BUILD_FOLDER, [ADDON, SHIM, STAMP]);
}

/**
 * Builds the C++ tests of native/core in the addon's build tree.
 *
 * @param bundle folder of the miniature, which they read
 * @returns the folder to run ctest in
 */
export async function buildNativeTests(libtorch: string, bundle: string, log: Log): Promise<string> {
  return withBuildTree(log, async () => {
    await configure(libtorch, ['--CDINVSEG_BUILD_TESTS=ON', `--CDINVSEG_TEST_BUNDLE=${bundle}`], log);
    await make(['invseg_tests'], 'Building the C++ tests', 'build-tests', log);
    return BUILD_TREE;
  });
}

async function withBuildTree<T>(log: Log, work: () => Promise<T>): Promise<T> {
  checkTools();
  return withLock(path.join(BUILD_TREE, LOCK), log, work);
}

/** @throws {InvSegError} `TOOL_MISSING` */
export function checkTools(env: NodeJS.ProcessEnv = process.env): void {
  const install = (packages: string): string =>
    `install it (Debian and Ubuntu: apt install ${packages}; macOS: xcode-select --install and brew install cmake)`;
  requireTool(['cmake'], 'CMake 3.21 or newer', install('cmake'), env);
  requireTool(env['CXX'] ? [env['CXX']] : ['c++', 'g++', 'clang++'], 'A C++20 compiler', install('g++'), env);
  requireTool(['ninja', 'make'], 'A build tool', install('make'), env);
}

async function configure(libtorch: string, more: string[], log: Log): Promise<void> {
  forgetMovedTree();
  await step(log, `Configuring the build against ${libtorch}`, () =>
    runCmakeJs('configure', [`--CDINVSEG_LIBTORCH=${libtorch}`, ...more], 'configure', 'configure the build', log),
  );
}

async function make(targets: string[], what: string, name: string, log: Log): Promise<void> {
  await step(log, `${what} (${jobs()} jobs at once; some minutes the first time)`, () =>
    runCmakeJs(
      'build',
      ['--parallel', String(jobs()), '--', '--target', ...targets],
      name,
      `build ${targets.join(' and ')}`,
      log,
    ),
  );
}

/** LibTorch's headers take a compiler more than a gigabyte, so not one job a core. */
function jobs(): number {
  const fitting = Math.min(8, Math.max(2, Math.floor(os.availableParallelism() / 2)));
  return Number(process.env['CMAKE_BUILD_PARALLEL_LEVEL']) || fitting;
}

/** CMake refuses a tree that was made at another path, as in a copied or moved checkout. */
function forgetMovedTree(): void {
  const cache = path.join(BUILD_TREE, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== undefined && path.resolve(home) === path.resolve(PACKAGE_ROOT)) return;
  rmSync(cache, { force: true });
  rmSync(path.join(BUILD_TREE, 'CMakeFiles'), { recursive: true, force: true });
}

async function runCmakeJs(command: string, args: string[], name: string, purpose: string, log: Log): Promise<void> {
  const { script } = cmakeJs();
  let shown = 0;
  await runTool({
    command: process.execPath,
    args: [script, command, '--directory', PACKAGE_ROOT, '--out', BUILD_TREE, ...args],
    logFile: logFile(name),
    purpose,
    cwd: PACKAGE_ROOT,
    onLine: (line) => {
      // Ninja counts [3/24], make tells [ 12%]; one line in a while is enough to see that it goes on.
      const progress = /^\[\s*(\d+%|\d+\/\d+)\]/.exec(line);
      if (!progress || performance.now() - shown < 5000) return;
      shown = performance.now();
      log(`  ${line.slice(0, 110)}`);
    },
    advice: (output) => {
      const starved = /Killed signal|out of memory/i.test(output);
      return starved ? 'The compiler ran out of memory: try CMAKE_BUILD_PARALLEL_LEVEL=1.' : undefined;
    },
  });
}
