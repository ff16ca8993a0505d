/**
 * `npm run prepare` (and so `npm install` in a checkout): compiles the TypeScript, then finds or installs LibTorch and builds the
 * addon. A second run finds both done. INVSEG_SKIP_SETUP=1 or --only-typescript leaves out everything but the TypeScript.
 */
import { compile, describeFailure } from './compile.mjs';

try {
  compile();
  if (process.env.INVSEG_SKIP_SETUP === '1') {
    console.log('INVSEG_SKIP_SETUP=1: LibTorch and the addon are left as they are');
  } else if (!process.argv.includes('--only-typescript')) {
    const { runSetup } = await import('../dist/setup/index.js');
    const { seconds } = await runSetup({ log: console.log, rebuild: process.argv.includes('--rebuild') });
    console.log(`Set-up finished in ${seconds.toFixed(1)} s`);
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
