/**
 * Writes the files that are made from the tables of options: lib/options/generated.ts, and the tables in README.md and
 * docs/options.md. Compiles lib/ first; that the types are still the old ones does not matter to it.
 *
 *     npm run generate
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (file) => `${root}${file}`;
const compile = () => execFileSync('npx', ['tsc', '-p', '.'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
try {
  compile();
} catch {
  // types that are still the old ones
}
const { generatedTypes } = await import('../dist/options/index.js');
writeFileSync(at('lib/options/generated.ts'), generatedTypes());
execFileSync('npx', ['biome', 'format', '--write', 'lib/options/generated.ts'], { cwd: root, stdio: 'ignore' });
compile();
const { withTables } = await import('../dist/cli/options-table.js');
for (const file of ['README.md', 'docs/options.md'])
  writeFileSync(at(file), withTables(readFileSync(at(file), 'utf8')));
