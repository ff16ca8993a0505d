/** The fixture pictures as a data set of the kind `folder`. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const fixtures = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));

/** Writes the first `count` pictures below `root`. */
export function makeFolder(root: string, count: number): void {
  const { classes } = JSON.parse(readFileSync(path.join(fixtures, 'names.json'), 'utf8')) as { classes: string[] };
  for (const [from, to] of [
    ['pictures', 'images'],
    ['masks', 'masks'],
  ] as const) {
    mkdirSync(path.join(root, to), { recursive: true });
    for (const file of readdirSync(path.join(fixtures, from)).sort().slice(0, count)) {
      copyFileSync(path.join(fixtures, from, file), path.join(root, to, file));
    }
  }
  writeFileSync(path.join(root, 'classes.json'), JSON.stringify(classes));
}
