/**
 * Compiles the TypeScript, then finds or installs LibTorch and builds the addon. A second run finds both done.
 *
 *     node scripts/prepare.mjs [--only-typescript] [--rebuild]
 *
 * `--only-typescript` is what npm runs as `prepare`: in a checkout after `npm install`, before `npm pack`, and in the clone of a
 * project that depends on the repository. None of them wants a compiler; `npm run setup`, `npm run demo` and `npm test` do the rest.
 */
import { compile, describeFailure, typescriptIsInstalled } from './compile.mjs';

const only = process.argv.includes('--only-typescript');
try {
  if (only && !typescriptIsInstalled()) {
    console.log('TypeScript is not installed (npm --omit=dev?): dist is left as it is');
  } else {
    compile();
    if (only) console.log('LibTorch and the addon are left as they are: `npm run setup` looks after them');
    else await setUp();
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

async function setUp() {
  const { runSetup } = await import('../dist/setup/index.js');
  const { seconds } = await runSetup({ log: console.log, rebuild: process.argv.includes('--rebuild') });
  console.log(`Set-up finished in ${seconds.toFixed(1)} s`);
}
