/**
 * `npm run prepare` (and so `npm install` in a checkout): compiles the TypeScript, then finds or installs LibTorch and builds the
 * addon. A second run finds both done. INVSEG_SKIP_SETUP=1 or --only-typescript leaves out everything but the TypeScript.
 */
import { compile, describeFailure, typescriptIsInstalled } from './compile.mjs';

try {
  if (!typescriptIsInstalled() && process.env.npm_lifecycle_event === 'prepare') {
    console.log('TypeScript is not installed (npm --omit=dev?): dist and the addon are left as they are');
  } else {
    compile();
    const reason = whyOnlyTypescript();
    if (reason) console.log(`${reason}: LibTorch and the addon are left as they are`);
    else await setUp();
  }
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

function whyOnlyTypescript() {
  const {
    INVSEG_SKIP_SETUP,
    npm_command: command,
    npm_lifecycle_event: event,
    _PACOTE_NO_PREPARE_: clone,
  } = process.env;
  if (INVSEG_SKIP_SETUP === '1') return 'INVSEG_SKIP_SETUP=1';
  if (process.argv.includes('--only-typescript')) return '--only-typescript';
  // The tarball holds no binary, and npm prepares a git dependency in a clone that it throws away.
  if (event === 'prepare' && (command === 'pack' || command === 'publish')) return `npm ${command}`;
  if (event === 'prepare' && clone) return 'A git dependency';
  return undefined;
}

async function setUp() {
  const { runSetup } = await import('../dist/setup/index.js');
  const { seconds } = await runSetup({ log: console.log, rebuild: process.argv.includes('--rebuild') });
  console.log(`Set-up finished in ${seconds.toFixed(1)} s`);
}
