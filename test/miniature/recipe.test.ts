/** The miniature's recipe from nothing: data, one training step of every network, export, load, and a mask from the program. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { Segmenter } from '../../lib/index.js';
import { ROOT } from '../golden/reference.js';
import { openGolden } from '../golden/setup.js';

const golden = openGolden();
const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-recipe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// About 45 s of work, and the drawing sets come from the registry.
const MINUTES = 15;

it.skipIf(typeof golden === 'string')(
  'trains, exports and loads a bundle that the program segments with',
  async () => {
    const { python } = golden as Exclude<typeof golden, string>;
    const run = path.join(ROOT, 'scripts', 'miniature', 'run.py');
    const { stdout } = await promisify(execFile)(
      python,
      [run, '--smoke', '--smoke-folder', path.join(folder, 'cache')],
      {
        maxBuffer: 1 << 26,
      },
    );
    expect(stdout).toMatch(/^smoke: ok, miniature$/m);

    await using segmenter = await Segmenter.open({
      model: path.join(folder, 'cache', 'bundle'),
      device: 'cpu',
      trustCode: true,
    });
    const picture = { data: new Uint8Array(64 * 48 * 3).fill(90), width: 64, height: 48, channels: 3 as const };
    const result = await segmenter.segment(picture, { categories: ['cat', 'sofa'], steps: 1 });
    expect(result.status).toBe('completed');
    expect(result.labels).toHaveLength(64 * 48);
    expect(result.losses[0]!.total).toBeTypeOf('number');
  },
  MINUTES * 60_000,
);
