/** Names from models: small CLIP and BLIP with made weights, through the addon. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import type { TableResult } from '../../lib/reproduce/index.js';
import { makeFolder } from '../evaluation/fake.js';
import { makeBlip, makeClip } from '../vision-language/made.js';
import { reproduceCli } from './cli.js';

let root: string;
beforeAll(async () => void (root = await makeFolder(2)));
afterAll(() => rmSync(root, { recursive: true }));

it('computes the names of DiffSegmenter and the captions of BLIP, with both models opened once and closed', async () => {
  const before = loadBinding().binding.probe().handles;
  const out = path.join(root, 'out');
  const models = ['--clip', await makeClip(), '--blip', await makeBlip(false), '--trust-code'];
  const { code, err } = await reproduceCli([
    'table4',
    'grid',
    '--methods',
    'baseline',
    '--sources',
    'diffsegmenter',
    '--dataset',
    'folder',
    '--root',
    root,
    ...models,
    '--out',
    out,
  ]);
  expect(code, err).toBe(0);
  const rows = (name: string) => (JSON.parse(readFileSync(path.join(out, `${name}.json`), 'utf8')) as TableResult).rows;
  const [strategy, blip] = rows('table4');
  expect([strategy!.standard, strategy!.ours!.names]).toEqual([
    true,
    expect.stringMatching(/^computed from the picture by .+ and .+ \(image/),
  ]);
  expect(blip!.ours!.names).toMatch(/^captions by .+, vocabulary/);
  expect(rows('grid')[0]!.ours!.names).toBe(strategy!.ours!.names);
  expect(loadBinding().binding.probe().handles).toBe(before);
});
