import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { command } from '../support/command.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-demo-'));
afterAll(() => rmSync(folder, { recursive: true }));

const demo = (...flags: string[]) =>
  command(['demo', '--device', 'cpu', ...flags], { openSegmenter: (options) => Segmenter.open(options) });

it('invseg demo writes masks of every bundled image, in which every name is found', async () => {
  const target = path.join(folder, 'new', 'demo');
  const { code, out } = await demo('--steps', '1', '--out', target);
  expect(code).toBe(0);
  const lines = out.trim().split('\n');
  expect(lines).toHaveLength(7);
  expect(lines.at(-1)).toMatch(/^6 images in [\d.]+ s; masks, overlays and panels in /);
  for (const line of lines.slice(0, -1)) expect(line).not.toMatch(/ 0\.0 %/);
  const stems = lines.slice(0, -1).map((line) => path.parse(line.split(':')[0]!).name);
  expect(readdirSync(target).sort()).toEqual(
    stems.flatMap((stem) => ['labels', 'overlay', 'panel'].map((kind) => `${stem}.${kind}.png`)).sort(),
  );
}, 120_000);

it('says what is wrong with its flags and its folder', async () => {
  expect(await demo('--steps', 'many', '--out', path.join(folder, 'none'))).toMatchObject({
    code: 2,
    err: expect.stringMatching(/steps[^]*INVALID_OPTION/),
  });
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  expect(await demo('--out', file)).toMatchObject({ code: 1, err: expect.stringMatching(/--out[^]*OUTPUT_FAILED/) });
  expect(existsSync(path.join(folder, 'none', 'cat-bus.labels.png'))).toBe(false);
});
