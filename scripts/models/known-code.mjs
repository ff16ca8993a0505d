/**
 * Writes the list of this package's own TorchScript, lib/models/known-code.ts: `node scripts/models/known-code.mjs` after every
 * export of scripts/architectures/export.py. A test compares it with the files.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const models = path.join(root, 'models');
const target = path.join(root, 'lib', 'models', 'known-code.ts');

export function knownCode() {
  const files = readdirSync(models, { recursive: true })
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => file.endsWith('.pt'))
    .sort();
  const lines = files.map((file) => {
    const hash = createHash('sha256')
      .update(readFileSync(path.join(models, file)))
      .digest('hex');
    return `  '${file}': '${hash}',\n`;
  });
  return `/**
 * SHA-256 of this package's own TorchScript, by its file below models/. Made by scripts/models/known-code.mjs; do not edit.
 *
 * A module is a program that runs with the user's rights when it is loaded. These are the ones that were made from the sources
 * in scripts/architectures; no other is loaded unless the user trusts it.
 */
export const KNOWN_CODE: Readonly<Record<string, string>> = {
${lines.join('')}};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, knownCode());
  console.log(`${path.relative(process.cwd(), target)} written`);
}
