import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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
