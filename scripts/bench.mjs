/**
 * `npm run bench`: `invseg bench` of this checkout; with `--flops`, the floating-point operations of Stable Diffusion 2.1's full size,
 * counted operator by operator without weights in memory, by LibTorch's own Python.
 *
 *     npm run bench -- --images 5 --json out.json
 *     npm run bench -- --flops --json out.json
 *     npm run bench -- --peers --json out.json          the bundled model beside eager PyTorch, in the same run
 *     npm run bench -- --peers --random sd21 --steps 2 --images 1 --warmup 0 --rounds 1        the same at full size
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const args = process.argv.slice(2);

try {
  compile();
  if (args.includes('--flops')) process.exitCode = await flops();
  else if (args.includes('--peers')) process.exitCode = await beside();
  else process.exitCode = run(process.execPath, [path.join(root, 'dist/cli/main.js'), 'bench', ...args]);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

/** Files that cannot be written are refused before the measurement. */
async function checkTargets() {
  const { checkTarget } = await import('../dist/cli/flags/target.js');
  for (const [i, arg] of args.entries()) {
    const [flag, value = args[i + 1]] = arg.split(/=(.*)/s);
    if (flag === '--json' || flag === '--page') await checkTarget(flag, value ?? '');
  }
}

async function beside() {
  await checkTargets();
  const { peers } = await import('./bench/peers.mjs');
  return peers(
    args.filter((arg) => arg !== '--peers'),
    await findPython('runs the peer'),
  );
}

async function findPython(purpose) {
  const { loadBinding } = await import('../dist/native/load.js');
  const { python } = loadBinding();
  if (python === null)
    throw new Error(`The LibTorch in use brings no Python, which ${purpose}: install torch with pip`);
  return python;
}

async function flops() {
  await checkTargets();
  const python = await findPython('counts the operations');
  // Python runs among its modules; the file is the caller's.
  const own = args
    .filter((arg) => arg !== '--flops')
    .map((arg, i, all) => (all[i - 1] === '--json' ? path.resolve(arg) : arg));
  return run(python, ['-W', 'ignore', '-m', 'bench.flops', ...own], path.join(root, 'scripts'));
}

/** @returns exit code */
function run(program, list, cwd = process.cwd()) {
  return spawnSync(program, list, { stdio: 'inherit', cwd }).status ?? 1;
}
