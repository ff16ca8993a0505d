/** Writes the tables of options into README.md. Run it after an option has changed; a test compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from '../dist/cli/options-table.js';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withTables(readFileSync(readme, 'utf8')));
