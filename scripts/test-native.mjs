/**
 * Builds the C++ tests and runs them with ctest. Run by `npm test`; wants the set-up done.
 *
 *     node scripts/test-native.mjs [arguments of ctest]
 *     node scripts/test-native.mjs --sanitize [arguments of ctest]
 *
 * in the addon's build tree, or in one of its own (`build/sanitize`) with AddressSanitizer, LeakSanitizer and
 * UndefinedBehaviorSanitizer in these sources. LibTorch is not compiled with them, and nothing of it is suppressed: what
 * they find is reported, and the test fails.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const bundle = path.join(root, 'models', 'miniature');
const given = process.argv.slice(2);
const sanitize = given.includes('--sanitize');

/** What each sanitizer does at its first report: it says where, and ends the test. */
const SANITIZERS = {
  ASAN_OPTIONS: 'detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1',
  UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
};

try {
  compile();
  const tree = sanitize ? await buildSanitized() : await build();
  const start = performance.now();
  const args = ['--test-dir', tree, '--output-on-failure', '--no-tests=error'];
  const { status } = spawnSync('ctest', [...args, ...given.filter((one) => one !== '--sanitize')], {
    stdio: 'inherit',
    env: { ...(sanitize && SANITIZERS), ...process.env },
  });
  const what = sanitize ? 'C++ tests with sanitizers' : 'C++ tests';
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${what}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`);
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

/** @returns the folder to run ctest in */
async function build() {
  const { buildNativeTests, runSetup } = await import('../dist/setup/index.js');
  const { libtorch } = await runSetup({ log: console.log });
  return buildNativeTests(libtorch, bundle, console.log);
}

/** Needs no addon. @returns the folder to run ctest in */
async function buildSanitized() {
  const { findLibtorch, notFound } = await import('../dist/setup/libtorch.js');
  const { found, attempts } = findLibtorch();
  if (!found) throw notFound(attempts);
  const tree = path.join(root, 'build', 'sanitize');
  const definitions = [
    '-DINVSEG_BUILD_TESTS=ON',
    '-DINVSEG_SANITIZE=ON',
    `-DINVSEG_LIBTORCH=${found.root}`,
    `-DINVSEG_TEST_BUNDLE=${bundle}`,
  ];
  // LibTorch's headers take a compiler more than a gigabyte, and twice as much with sanitizers.
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? Math.max(1, Math.floor(os.availableParallelism() / 4));
  cmake('-S', root, '-B', tree, ...definitions);
  cmake('--build', tree, '--parallel', String(jobs), '--target', 'invseg_tests');
  return tree;
}

function cmake(...args) {
  const { status } = spawnSync('cmake', args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`cmake ${args.slice(0, 2).join(' ')} ended with ${status}`);
}
