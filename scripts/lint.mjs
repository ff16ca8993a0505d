/**
 * Lint and format of TypeScript and JavaScript (biome) and the format of C++ (clang-format, pinned as an npm package, so that every
 * machine has the same one).
 *
 *     node scripts/lint.mjs [--write]     says what differs, or mends what can be mended
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const write = process.argv.includes('--write');
const run = (command, args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });

const sources = execFileSync('git', ['ls-files', '-z', '--', 'native/*.cc', 'native/*.h'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter(Boolean);
const steps = [
  () => run('npx', ['biome', 'check', '--error-on-warnings', ...(write ? ['--write'] : [])]),
  () => run('npx', ['clang-format', ...(write ? ['-i'] : ['--dry-run', '--Werror']), ...sources]),
];
let failed = false;
for (const step of steps) {
  try {
    step();
  } catch {
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
