/** A disk that is full in the middle of a run, and one that takes nothing: processes of their own, on real file systems. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FileLock } from '../../lib/system/file-lock.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SAMPLE = 60;
let folder: string;
let mounted = true;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
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
    const args = [
      'evaluate',
      '--dataset',
      'miniature',
      '--method',
      'baseline',
      '--sample',
      String(SAMPLE),
      '--out',
      out,
      '--json',
    ];
    execFile(process.execPath, [main, ...args], { maxBuffer: 1 << 24 }, (error, stdout, err) =>
      resolve({ code: error ? Number(error.code) : 0, err, out: stdout }),
    );
  });

/** Pictures in a run's journal: its lines without the header. */
const counts = (out: string): number => {
  const journal = path.join(out, 'journal.jsonl');
  return existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length - 2 : 0;
};

/** Takes every free block of the disk. What is open may still fill up the block it is in. */
const fill = (file: string): void => {
  for (let free = 1; free > 0; ) {
    const { bavail, bsize } = statfsSync(folder);
    free = bavail;
    try {
      writeFileSync(file, Buffer.alloc(free * bsize), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
};

it('a full disk ends the run, and what was counted goes into the next one', async (context) => {
  if (!mounted) context.skip('no file system can be mounted here');
  const out = path.join(folder, 'run');
  const running = evaluate(out);
  for (let waited = 0; counts(out) < 2 && waited < 60_000; waited += 10) await sleep(10);
  const filler = path.join(folder, 'filler');
  fill(filler);
  const full = await running;
  expect(full.code).toBe(1);
  expect(full.err).toMatch(/^error: .*run.*cannot be written \((ENOSPC|no space left)/m);
  expect(full.err).toContain('code: OUTPUT_FAILED');
  const counted = counts(out);
  expect(counted).toBeGreaterThan(1);
  expect(counted).toBeLessThan(SAMPLE);

  rmSync(filler);
  const whole = await evaluate(out);
  expect(whole.err).toMatch(new RegExp(`resuming after ${counted} images|resuming after ${counted - 1} images`));
  expect(whole.code).toBe(0);
  const other = await evaluate(path.join(folder, 'other'));
  const { confusion, perClass } = JSON.parse(whole.out) as Record<string, unknown>;
  expect(JSON.parse(other.out)).toMatchObject({ confusion, perClass });
});

it('a full disk does not keep a lock from being given back', async (context) => {
  if (!mounted) context.skip('no file system can be mounted here');
  const file = path.join(folder, 'x.lock');
  const filler = path.join(folder, 'filler');
  const lock = (await FileLock.take(file)) as FileLock;
  fill(filler);
  await lock[Symbol.asyncDispose]();
  expect(existsSync(file)).toBe(false);
  rmSync(filler);
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
