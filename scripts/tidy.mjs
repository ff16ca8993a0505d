/**
 * clang-tidy over the C++ of the addon, with the checks of `.clang-tidy` and the commands of the last build.
 *
 *     node scripts/tidy.mjs [file…]     all of native/core and native/addon, or these
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const commands = path.join(root, 'build', 'compile_commands.json');
const folder = path.join(root, 'build', 'tidy');

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (spawnSync('clang-tidy', ['--version']).error)
  fail('clang-tidy is not installed: apt-get install clang-tidy, or brew install llvm');
if (!existsSync(commands)) fail('build/compile_commands.json is missing: npm run setup builds the addon and writes it');

// The precompiled header is the compiler's own; clang reads the headers themselves.
const entries = JSON.parse(readFileSync(commands, 'utf8')).map((entry) => ({
  ...entry,
  command: entry.command.replace(/ -Winvalid-pch| -include \S+cmake_pch\S+/g, ''),
}));
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'compile_commands.json'), JSON.stringify(entries));

const given = process.argv.slice(2).map((file) => path.resolve(file));
const all = execFileSync('git', ['ls-files', '--', 'native/core/*.cc', 'native/addon/*.cc'], {
  cwd: root,
  encoding: 'utf8',
});
const files =
  given.length > 0
    ? given
    : all
        .split('\n')
        .filter(Boolean)
        .map((file) => path.join(root, file));
const left = [...files];
let failed = 0;

/** One file after the other; what is found is printed file by file. */
async function work() {
  for (let file = left.shift(); file !== undefined; file = left.shift()) {
    const args = ['--quiet', '-p', folder, '--header-filter=/native/(core|addon)/', file];
    const child = spawn('clang-tidy', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let found = '';
    child.stdout.on('data', (text) => (found += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    if (code !== 0) failed++;
    process.stdout.write(found);
  }
}

const began = performance.now();
// LibTorch's headers take each process about a gigabyte.
const most = Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.totalmem() / 2 ** 31)));
await Promise.all(Array.from({ length: most }, work));
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(`clang-tidy: ${failed} of ${files.length} files with findings, in ${seconds} s`);
process.exit(failed > 0 ? 1 : 0);
