/** Builds the C++ tests in the addon's build tree and runs them with ctest. Run by `npm test`; wants the set-up done. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const bundle = path.join(root, 'models', 'miniature');

try {
  compile();
  const { buildNativeTests, runSetup } = await import('../dist/setup/index.js');
  const { libtorch } = await runSetup({ log: console.log });
  const tree = await buildNativeTests(libtorch, bundle, console.log);
  const start = performance.now();
  const args = ['--test-dir', tree, '--output-on-failure', '--no-tests=error', ...process.argv.slice(2)];
  const { status } = spawnSync('ctest', args, { stdio: 'inherit' });
  console.log(
    `C++ tests: ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - start) / 1000).toFixed(1)} s`,
  );
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
