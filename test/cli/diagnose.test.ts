/** `invseg diagnose` as a process. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
    const data = [
      '--dataset',
      'folder',
      '--root',
      'data',
      '--variants',
      'default,lr 0.003',
      '--steps',
      '1',
      '--out',
      'out',
    ];
    const { code, out, err } = await invseg(...data);
    expect(err).toContain(`tables and figure: ${path.join('out', 'diagnose.*')}`);
    expect(code).toBe(0);
    expect(out).toMatch(/^The truth scores lower than the hard prediction in \d+ %/);
    expect(readdirSync(path.join(root, 'out')).sort()).toEqual([
      'diagnose.json',
      'diagnose.md',
      'diagnose.png',
      'journal.jsonl',
    ]);
    const found = JSON.parse(readFileSync(path.join(root, 'out', 'diagnose.json'), 'utf8'));
    expect(found.variants.map(({ name }: { name: string }) => name)).toEqual(['default', 'lr 0.003']);

    const other = await invseg(...data, '--seed', '3');
    expect(other.code).toBe(2);
    expect(other.err).toContain('was made with other settings: seed');
    expect(other.err).toContain('name another folder, or remove the file to start anew');
    expect(other.err).not.toContain('restart');
  });

  it('goes on after it was killed', async () => {
    const journal = path.join(root, 'killed', 'journal.jsonl');
    const lines = (): string[] => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : []);
    const args = [
      '--dataset',
      'folder',
      '--root',
      'data',
      '--variants',
      'default,lr 0.003',
      '--steps',
      '5',
      '--out',
      'killed',
    ];
    const child = spawn(process.execPath, [main, 'diagnose', ...args], { cwd: root, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    while (lines().length < 4 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    expect(await ended).toEqual({ code: null, signal: 'SIGKILL' });
    const kept = lines();

    const { code, out } = await invseg(...args);
    expect([code, out]).toEqual([0, expect.stringContaining('images: too few to say what the loop changes')]);
    expect(lines().slice(0, kept.length)).toEqual(kept);
    // Settings, two names; of two pictures one probe, one baseline and two runs.
    expect(lines()).toHaveLength(1 + 2 + 2 * 4);
    expect(new Set(lines()).size).toBe(lines().length);
  }, 180_000);

  it('looks at the losses alone where it is told to', async () => {
    const { code, out } = await invseg(
      '--dataset',
      'folder',
      '--root',
      'data',
      '--variants',
      'default',
      '--no-inversion',
      '--out',
      'losses',
    );
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
