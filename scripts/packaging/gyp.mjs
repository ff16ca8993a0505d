/** The other build, with node-gyp from native/binding.gyp. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Has node-gyp write its makefiles, in a copy of native/: it builds beside its file.
 *
 * @param {string} folder where the copy goes
 * @param {string} libtorch root of LibTorch
 * @returns {string} the copy; make's folder is its `build`
 */
export function configureGyp(folder, libtorch) {
  const native = path.join(folder, 'native');
  for (const old of [native, path.join(folder, 'node_modules')]) rmSync(old, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(root, 'native'), native, { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  const nodedir = path.resolve(path.dirname(process.execPath), '..');
  // Without headers beside this Node, node-gyp fetches them.
  const local = existsSync(path.join(nodedir, 'include', 'node', 'common.gypi')) ? [`--nodedir=${nodedir}`] : [];
  const script = require.resolve('node-gyp/bin/node-gyp.js');
  execFileSync(process.execPath, [script, 'configure', `--libtorch=${libtorch}`, ...local], {
    cwd: native,
    stdio: 'pipe',
  });
  return native;
}

/**
 * Builds one target.
 *
 * @param {string} native as `configureGyp` returns it
 * @param {'invseg' | 'invseg_shim'} target
 * @param {number} jobs at once
 * @returns {string} the binary
 */
export function makeGyp(native, target, jobs = 1) {
  const build = path.join(native, 'build');
  execFileSync('make', ['-C', build, 'BUILDTYPE=Release', '--jobs', String(jobs), target], { stdio: 'pipe' });
  return path.join(build, 'Release', `${target}.node`);
}
