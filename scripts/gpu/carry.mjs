/**
 * Packs what the part `node` of `run.sh` needs on a machine without Node and network: this Node, the headers of Node's API, the
 * compiled `lib/` and the packages that it imports. About 30 MB, since a machine that is lent may take no more than 64.
 *
 *     node scripts/gpu/carry.mjs [folder]        writes <folder>/node.tar.xz, by default to .gpu/
 *
 * Unpacked in the root of a checkout it gives dist/, node_modules/ and .gpu/node.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from '../compile.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Installs and builds; nothing of it runs there. */
const BUILD_ONLY = ['cmake-js', 'tar', 'yargs', 'wink-nlp', 'wink-eng-lite-web-model'];

try {
  compile();
  const folder = path.resolve(process.argv[2] ?? path.join(root, '.gpu'));
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'node.tar.xz');
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'invseg-carry-'));
  try {
    mkdirSync(path.join(scratch, '.gpu'));
    const node = path.join(scratch, '.gpu', 'node');
    copyFileSync(process.execPath, node);
    execFileSync('strip', [node]);
    // x86's filter and the largest window take a tenth off the binary.
    const args = ['--use-compress-program', 'xz -T0 --x86 --lzma2=preset=9e', '--exclude=*.map', '--exclude=*.d.ts'];
    execFileSync('tar', [...args, '-cf', file, '-C', scratch, '.gpu/node', '-C', root, 'dist', ...packages()]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
  console.log(`${path.relative(process.cwd(), file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

/** Folders of the packages that are imported at run time, and of the headers that the addon is built with. */
function packages() {
  const listed = execFileSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { cwd: root, encoding: 'utf8' });
  const folders = listed
    .trim()
    .split('\n')
    .slice(1)
    .map((folder) => path.relative(root, folder));
  return folders.filter((folder) => !BUILD_ONLY.some((name) => folder === path.join('node_modules', name)));
}
