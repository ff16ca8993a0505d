import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { welcome } from '../../lib/cli/welcome.js';
import { command } from '../support/command.js';

it('invseg without a command says what to try first, and is wrong usage', async () => {
  const { code, out, err } = await command([]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/Try first:[^]*npx invseg doctor[^]*npx invseg segment [^]*--categories/);
  expect(err.split('\n').length).toBeLessThanOrEqual(24);
  for (const line of err.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
});

it('names the set-up where the addon is not built, and only there', () => {
  const empty = mkdtempSync(path.join(os.tmpdir(), 'invseg-welcome-'));
  try {
    expect(welcome({ INVSEG_ADDON: empty })).toContain('npx invseg setup');
  } finally {
    rmSync(empty, { recursive: true });
  }
  const built = process.env['INVSEG_ADDON'];
  expect(welcome(built === undefined ? {} : { INVSEG_ADDON: built })).not.toContain('npx invseg setup');
});
