/**
 * Writes the files made from the tables of options: lib/options/generated.ts and the tables in docs/options.md.
 * Compiles lib/ first; it does not matter that the types are still the old ones.
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
const tables = at('docs/options.md');
writeFileSync(tables, withTables(readFileSync(tables, 'utf8')));
