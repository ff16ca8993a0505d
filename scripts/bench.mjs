/**
 * `npm run bench`: `invseg bench` of this checkout; with `--flops`, the floating-point operations of Stable Diffusion 2.1's full size,
 * counted operator by operator without weights in memory, by LibTorch's own Python.
 *
 *     npm run bench -- --images 5 --json out.json
 *     npm run bench -- --flops --json out.json
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from './compile.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const args = process.argv.slice(2);

try {
  compile();
  process.exitCode = args.includes('--flops')
    ? await flops()
    : run(process.execPath, ['dist/cli/main.js', 'bench', ...args]);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

async function flops() {
  const { loadBinding } = await import('../dist/native/load.js');
  const { python } = loadBinding();
  if (python === null)
    throw new Error('The LibTorch in use brings no Python, which counts the operations: install torch with pip');
  return run(python, ['-W', 'ignore', '-m', 'bench.flops', ...args.filter((arg) => arg !== '--flops')], 'scripts');
}

/** @returns exit code */
function run(program, list, folder = '.') {
  // Paths that the caller names are the caller's.
  const named = list.map((arg, i) =>
    list[i - 1] === '--json' ? fileURLToPath(new URL(arg, `file://${process.cwd()}/`)) : arg,
  );
  return spawnSync(program, named, { stdio: 'inherit', cwd: `${root}${folder}` }).status ?? 1;
}
