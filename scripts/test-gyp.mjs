/**
 * `npm run test:gyp`: the whole addon, built with node-gyp, shows the same symbols as CMake's. Wants the set-up done; takes as long as a
 * build without precompiled headers. What is cheap, the lists of sources and the flags, `test/package/sources.test.ts` compares.
 */
import { rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';
import { differingSymbols } from './packaging/elf.mjs';
import { configureGyp, makeGyp } from './packaging/gyp.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

try {
  compile();
  const { runSetup } = await import('../dist/setup/index.js');
  const { folder, libtorch } = await runSetup({ log: console.log });
  const start = performance.now();
  const tree = path.join(root, 'build', 'gyp');
  const native = configureGyp(tree, libtorch);
  // LibTorch's headers take a compiler more than a gigabyte.
  const jobs = Number(process.env.CMAKE_BUILD_PARALLEL_LEVEL) || Math.max(2, Math.floor(os.availableParallelism() / 2));
  for (const target of ['invseg_shim', 'invseg']) {
    const { same, onlyFirst, onlySecond } = differingSymbols(
      makeGyp(native, target, jobs),
      path.join(folder, `${target}.node`),
    );
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${target}: ${same.length} symbols shown by both; after ${seconds} s`);
    for (const [whose, names] of Object.entries({ gyp: onlyFirst, CMake: onlySecond })) {
      if (names.length === 0) continue;
      console.log(`  only in the build of ${whose}: ${names.join(' ')}`);
      process.exitCode = 1;
    }
  }
  if (!process.exitCode) rmSync(tree, { recursive: true, force: true });
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
