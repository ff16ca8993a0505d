/**
 * Builds the addon with cmake-js. In a checkout the build tree stays, and the next build compiles what changed; for an installed
 * package tree and binaries lie in the user's cache, where every project finds them, and the tree goes when the binaries are made.
 */
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  ADDON,
  type BuildStamp,
  builtFolder,
  cmakeJs,
  fingerprint,
  isCheckout,
  localBuilds,
  PACKAGE_ROOT,
  SHIM,
  STAMP,
} from '../native/index.js';
import { makeFolderSync } from '../system/index.js';
import { inspect, type Libtorch } from './libtorch.js';
import { withLock } from './lock.js';
import { logFile } from './places.js';
import { type Log, requireTool, runTool, step } from './tools.js';

/** A checkout's build tree, which cmake-js names so. */
const BUILD_TREE = path.join(PACKAGE_ROOT, 'build');

/** The stamp of a build that needs nothing done, or undefined. The newest, where there are several. */
export function currentBuild(): BuildStamp | undefined {
  return localBuilds().find(({ stamp }) => {
    const libtorch = inspect(stamp.libtorch);
    if (typeof libtorch === 'string' || libtorch.version !== stamp.libtorchVersion) return false;
    return stamp.fingerprint === fingerprint(PACKAGE_ROOT);
  })?.stamp;
}

/**
 * Builds `invseg.node` and `invseg_shim.node` against `libtorch` and leaves them with a stamp in `builtFolder`.
 *
 * @throws {InvSegError} `TOOL_MISSING` without cmake, make or a compiler; `SETUP_FAILED` with the compiler's output
 */
export async function buildAddon(libtorch: Libtorch, log: Log): Promise<BuildStamp> {
  const folder = builtFolder(libtorch.version);
  const tree = isCheckout() ? BUILD_TREE : `${folder}.build`;
  return withBuildTree(tree, log, async () => {
    // A build that fails half-way must not look finished.
    rmSync(path.join(folder, STAMP), { force: true });
    const made = fingerprint(PACKAGE_ROOT);
    await buildTargets(tree, libtorch.root, ['invseg', 'invseg_shim'], log);
    const stamp: BuildStamp = {
      format: 'invseg-build/1',
      fingerprint: made,
      libtorch: libtorch.root,
      libtorchVersion: libtorch.version,
      python: libtorch.python,
    };
    const release = path.join(tree, 'Release');
    if (release !== folder) {
      makeFolderSync(folder);
      for (const file of [ADDON, SHIM]) replace(path.join(release, file), path.join(folder, file));
    }
    writeFileSync(path.join(folder, STAMP), `${JSON.stringify(stamp, null, 2)}\n`);
    // Objects and precompiled headers are hundreds of megabytes; only a checkout is built again, after a change.
    if (tree !== BUILD_TREE) rmSync(tree, { recursive: true, force: true });
    return stamp;
  });
}

/** Another process may have the old file mapped: it keeps it. */
function replace(from: string, to: string): void {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/**
 * Builds targets of CMakeLists.txt in `tree`; the binaries are in its `Release`.
 *
 * @param libtorch root of the LibTorch to build against
 * @throws {InvSegError} `SETUP_FAILED` with the compiler's output
 */
export async function buildTargets(tree: string, libtorch: string, targets: string[], log: Log): Promise<void> {
  await configure(tree, libtorch, [], log);
  await make(tree, targets, 'Building the addon', 'build', log);
}

/**
 * Builds the C++ tests of native/core in the addon's build tree.
 *
 * @param bundle folder of the miniature, which they read
 * @returns the folder to run ctest in
 */
export async function buildNativeTests(libtorch: string, bundle: string, log: Log): Promise<string> {
  return withBuildTree(BUILD_TREE, log, async () => {
    await configure(BUILD_TREE, libtorch, ['--CDINVSEG_BUILD_TESTS=ON', `--CDINVSEG_TEST_BUNDLE=${bundle}`], log);
    await make(BUILD_TREE, ['invseg_tests'], 'Building the C++ tests', 'build-tests', log);
    return BUILD_TREE;
  });
}

async function withBuildTree<T>(tree: string, log: Log, work: () => Promise<T>): Promise<T> {
  checkTools();
  return withLock(tree === BUILD_TREE ? path.join(tree, 'invseg.lock') : `${tree}.lock`, log, work);
}

/** @throws {InvSegError} `TOOL_MISSING` */
export function checkTools(env: NodeJS.ProcessEnv = process.env): void {
  const install = (packages: string): string =>
    `install it (Debian and Ubuntu: apt install ${packages}; macOS: xcode-select --install and brew install cmake)`;
  requireTool(['cmake'], 'CMake 3.21 or newer', install('cmake'), env);
  requireTool(env['CXX'] ? [env['CXX']] : ['c++', 'g++', 'clang++'], 'A C++20 compiler', install('g++'), env);
  requireTool(['ninja', 'make'], 'A build tool', install('make'), env);
}

async function configure(tree: string, libtorch: string, more: string[], log: Log): Promise<void> {
  forgetMovedTree(tree);
  await step(log, `Configuring the build against ${libtorch}`, () =>
    runCmakeJs(
      tree,
      'configure',
      [`--CDINVSEG_LIBTORCH=${libtorch}`, ...more],
      'configure',
      'configure the build',
      log,
    ),
  );
}

async function make(tree: string, targets: string[], what: string, name: string, log: Log): Promise<void> {
  await step(log, `${what} (${jobs()} jobs at once; some minutes the first time)`, () =>
    runCmakeJs(
      tree,
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
function forgetMovedTree(tree: string): void {
  const cache = path.join(tree, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== undefined && path.resolve(home) === path.resolve(PACKAGE_ROOT)) return;
  rmSync(cache, { force: true });
  rmSync(path.join(tree, 'CMakeFiles'), { recursive: true, force: true });
}

async function runCmakeJs(
  tree: string,
  command: string,
  args: string[],
  name: string,
  purpose: string,
  log: Log,
): Promise<void> {
  const { script } = cmakeJs();
  let shown = 0;
  await runTool({
    command: process.execPath,
    args: [script, command, '--directory', PACKAGE_ROOT, '--out', tree, ...args],
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
