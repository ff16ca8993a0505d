/** `invseg diagnose` as a process. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../diagnose/folder.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const root = mkdtempSync(path.join(tmpdir(), 'invseg-diagnose-cli-'));
beforeAll(() => makeFolder(path.join(root, 'data'), 2));
afterAll(() => rmSync(root, { recursive: true }));

const invseg = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [main, 'diagnose', ...args], { cwd: root }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

describe('invseg diagnose', () => {
  it('writes tables, a picture and its journal, and says what it found', async () => {
    const data = ['--dataset', 'folder', '--root', 'data', '--variants', 'default,lr 0.003', '--steps', '1', '--out', 'out'];
    const { code, out, err } = await invseg(...data);
    expect(err).toContain(`tables and picture: ${path.join('out', 'diagnose.*')}`);
    expect(code).toBe(0);
    expect(out).toMatch(/^The truth scores lower than the hard prediction in \d+ %/);
    expect(readdirSync(path.join(root, 'out')).sort()).toEqual(['diagnose.json', 'diagnose.md', 'diagnose.png', 'journal.jsonl']);
    const found = JSON.parse(readFileSync(path.join(root, 'out', 'diagnose.json'), 'utf8'));
    expect(found.variants.map(({ name }: { name: string }) => name)).toEqual(['default', 'lr 0.003']);

    const other = await invseg(...data, '--seed', '3');
    expect(other.code).toBe(2);
    expect(other.err).toContain('was made with other settings: seed');
  });

  it('looks at the losses alone where it is told to', async () => {
    const { code, out } = await invseg('--dataset', 'folder', '--root', 'data', '--variants', 'default', '--no-inversion', '--out', 'losses');
    expect(code).toBe(0);
    expect(out).not.toContain('mIoU');
  });

  it.each([
    [['--dataset', 'folder', '--root', 'nowhere'], 1, 'DATASET_NOT_FOUND'],
    [['--dataset', 'mnist', '--root', 'data'], 2, 'INVALID_OPTION'],
    [['--dataset', 'folder', '--root', 'data', '--sample', '0'], 2, 'INVALID_OPTION'],
    [['--dataset', 'folder', '--root', 'data', '--set', 'alfa=1'], 2, 'INVALID_OPTION'],
    [['--dataset', 'folder', '--root', 'data', '--variants', 'lr 9'], 2, 'INVALID_OPTION'],
  ])('refuses %j', async (args, expected, reason) => {
    const { code, err } = await invseg(...args, '--out', 'refused');
    expect(err).toContain(`code: ${reason}`);
    expect(code).toBe(expected);
  });
});
