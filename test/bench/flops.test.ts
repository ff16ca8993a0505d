import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { COUNTED } from '../../lib/bench/counted.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

it('the operations of a step are those of the layers that it needs', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'invseg-flops-'));
  try {
    const file = path.join(folder, 'flops.json');
    const { status, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', '--flops', '--json', file], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    const { flops } = JSON.parse(readFileSync(file, 'utf8')) as { flops: Record<string, number> };
    const giga = (name: string) => flops[name]! / 1e9;
    // Counted layer by layer by hand: a view's pass to the last map at 16 x 16 and back is 797 GFLOP, an encoded view 1,117.
    expect(giga('step')).toBeGreaterThan(2 * 797 * 0.95);
    expect(giga('step')).toBeLessThan(2 * 797 * 1.05);
    expect(giga('encode')).toBeGreaterThan(1117 * 0.95);
    expect(giga('encode')).toBeLessThan(1117 * 1.05);
    const { views: _, ...counted } = COUNTED['stable-diffusion-2.1']!;
    expect(flops).toMatchObject(counted);
    expect(flops['image, fresh views']! - flops['image, views kept']!).toBe(28 * flops['encode']!);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each(['--flops', '--peers'])('%s refuses a file that cannot be written before it measures', (mode) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/bench.mjs', mode, '--json', '/nope/x.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining('Cannot write --json /nope/x.json')]);
});
