import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkBenchReport } from '../../lib/bench/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Beside {
  peers: { kind: string; dtype: string; ratio: number; losses: number[]; largestLossDifference: number }[];
  ours: { losses: number[] };
  labelsEqual: number;
}

it('the straightforward peer computes what the engine computes, on the miniature', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'invseg-peers-'));
  try {
    const file = path.join(folder, 'peers.json');
    const args = ['--peers', '--images', '1', '--rounds', '1', '--steps', '3', '--threads', '1', '--json', file];
    const { status, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', ...args], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const report = JSON.parse(readFileSync(file, 'utf8')) as Beside;
    checkBenchReport(report, file);
    expect(report.peers).toMatchObject([{ kind: 'straight', dtype: 'float32' }]);
    const [peer] = report.peers;
    expect(peer!.ratio).toBeGreaterThan(0);
    expect([peer!.losses.length, report.ours.losses.length]).toEqual([3, 3]);
    for (const [i, loss] of peer!.losses.entries()) expect(Math.abs(loss - report.ours.losses[i]!)).toBeLessThan(1e-4);
    expect(report.labelsEqual).toBeGreaterThan(0.995);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// The weights that one of them begins with are taken away before they are whole.
it.each([
  ['SIGINT', 'invseg-peers-', []],
  ['SIGTERM', 'invseg-random-', ['--random', 'sd21']],
  ['SIGHUP', 'invseg-peers-', []],
] as const)('ends with %s, and leaves nothing', { timeout: 120_000 }, async (signal, start, more) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'invseg-peers-'));
  const temporary = path.join(folder, 'temporary');
  mkdirSync(temporary);
  try {
    const args = ['scripts/bench.mjs', '--peers', '--images', '9', '--steps', '3', '--threads', '1', ...more];
    const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, TMPDIR: temporary } });
    let err = '';
    child.stderr.on('data', (data) => (err += data));
    const watch = setInterval(() => {
      if (!readdirSync(temporary).some((name) => name.startsWith(start))) return;
      clearInterval(watch);
      child.kill(signal);
    }, 5);
    const ended = await new Promise((resolve) => child.on('close', (...how) => resolve(how)));
    clearInterval(watch);
    expect(ended, err).toEqual([128 + constants.signals[signal], null]);
    expect(err).toBe('Interrupted\n');
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
