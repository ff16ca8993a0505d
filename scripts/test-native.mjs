/** Builds the C++ tests in the addon's build tree and runs them with ctest. Run by `npm test`; wants the set-up done. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const bundle = path.join(root, 'models', 'miniature');

try {
  compile();
  const { buildNativeTests, runSetup } = await import('../dist/setup/index.js');
  const { libtorch } = await runSetup({ log: console.log });
  if (existsSync(path.join(root, 'native', 'tests'))) {
    const tree = await buildNativeTests(libtorch, bundle, console.log);
    const { status } = spawnSync('ctest', ['--test-dir', tree, '--output-on-failure', ...process.argv.slice(2)], { stdio: 'inherit' });
    process.exitCode = status ?? 1;
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
