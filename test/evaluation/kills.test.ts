import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/evaluation/kills.mjs', import.meta.url));
const built = existsSync(new URL('../../dist/index.js', import.meta.url));

it.skipIf(!built)(
  `gives the same counts after five kills${built ? '' : ' (skipped: dist/ is not built)'}`,
  { timeout: 300_000 },
  () => {
    const found = JSON.parse(
      execFileSync(process.execPath, [script, '--kills', '5', '--seed', '3', '--pictures', '40'], { encoding: 'utf8' }),
    );
    expect(found).toMatchObject({ kills: 5, equal: true });
    expect(found.compared).toBeGreaterThan(0);
  },
);
