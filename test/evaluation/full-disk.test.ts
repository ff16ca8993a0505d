/** A disk that is full in the middle of a run, and one that takes nothing: processes of their own, on real file systems. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SAMPLE = 12;
let folder: string;
let mounted = true;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    mounted = false; // Only root may.
  }
});
afterAll(() => {
  if (mounted) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
});

const remount = (option: string): unknown => execFileSync('mount', ['-o', `remount,${option}`, folder]);
const evaluate = (out: string): Promise<{ code: number; err: string; out: string }> =>
  new Promise((resolve) => {
    const args = ['evaluate', '--dataset', 'miniature', '--method', 'baseline', '--sample', String(SAMPLE), '--out', out, '--json'];
    execFile(process.execPath, [main, ...args], { maxBuffer: 1 << 24 }, (error, stdout, err) => resolve({ code: error ? Number(error.code) : 0, err, out: stdout }));
  });

it('a full disk ends the run, and what was counted goes into the next one', async (context) => {
  if (!mounted) context.skip('no file system can be mounted here');
  const out = path.join(folder, 'run');
  const full = await evaluate(out);
  expect(full.code).toBe(1);
  expect(full.err).toMatch(/^error: .*run.*cannot be written \(ENOSPC/m);
  expect(full.err).toContain('code: OUTPUT_FAILED');
  const counted = readFileSync(path.join(out, 'journal.jsonl'), 'utf8').split('\n').length - 2;
  expect(counted).toBeGreaterThan(0);
  expect(counted).toBeLessThan(SAMPLE);

  remount('size=16m');
  const whole = await evaluate(out);
  expect(whole.err).toMatch(new RegExp(`going on after ${counted} pictures|going on after ${counted - 1} pictures`));
  expect(whole.code).toBe(0);
  const other = await evaluate(path.join(folder, 'other'));
  const { confusion, perClass } = JSON.parse(whole.out) as Record<string, unknown>;
  expect(JSON.parse(other.out)).toMatchObject({ confusion, perClass });
});

it('a disk that takes nothing is said before the model is loaded', async (context) => {
  if (!mounted) context.skip('no file system can be mounted here');
  remount('ro');
  const { code, err } = await evaluate(path.join(folder, 'new'));
  remount('rw');
  expect(code).toBe(1);
  expect(err).toMatch(/new: it cannot be written \(read-only\)/);
  expect(err).not.toContain('loading the model');
});
