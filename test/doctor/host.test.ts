import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCache, checkNode, checkPlatform } from '../../lib/doctor/host.js';
import { thisHost } from '../../lib/native/host.js';

describe('Node', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '100.1.0'])('%s does', (version) => {
    expect(checkNode(version)).toEqual({ check: 'node', status: 'ok', summary: `Node ${version}` });
  });

  it.each(['20.18.3', '18.20.0', '8.0.0'])('%s is too old', (version) => {
    expect(checkNode(version)).toMatchObject({
      status: 'failed',
      summary: `Node ${version}, but 20.19 or newer is needed`,
      wayOut: expect.stringContaining('20.19'),
    });
  });
});

describe('the platform', () => {
  it('of this machine is told with its memory', () => {
    const { status, facts } = checkPlatform(thisHost());
    expect(status).toBe('ok');
    expect(facts).toMatchObject({ platform: process.platform, arch: process.arch });
    expect(facts!['memoryGiB']).toBeGreaterThan(0);
  });

  it.each([
    [{ platform: 'win32', arch: 'x64', glibc: undefined }, 'win32 is not supported', 'WSL 2'],
    [{ platform: 'linux', arch: 'x64', glibc: undefined }, 'no glibc', 'bookworm'],
    [{ platform: 'linux', arch: 'ia32', glibc: '2.36' }, 'processors of the kind ia32', '64-bit Node'],
  ] as const)('%j is not supported', (host, summary, wayOut) => {
    const finding = checkPlatform(host);
    expect(finding).toMatchObject({
      status: 'failed',
      summary: expect.stringContaining(summary),
      wayOut: expect.stringContaining(wayOut),
    });
  });
});

describe('the cache', () => {
  const folder = path.join(os.tmpdir(), 'invseg-none', 'deep');

  it('need not be there yet', () => {
    expect(checkCache(folder, 0)).toMatchObject({ status: 'ok', facts: { folder, freeMiB: expect.any(Number) } });
  });

  /** Only root may mount; the tests of CI run as root. */
  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)('may be read-only where all is there', () => {
    const disk = mkdtempSync(path.join(os.tmpdir(), 'invseg-read-only-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=1m', 'tmpfs', disk]);
    try {
      expect(checkCache(disk, 0)).toMatchObject({
        status: 'ok',
        summary: `${disk}, read-only; nothing is to be written`,
      });
      expect(checkCache(disk, 1)).toMatchObject({ status: 'failed', summary: expect.stringContaining('EROFS') });
    } finally {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });

  it('needs room', () => {
    const { status, summary, wayOut } = checkCache(folder, 2 ** 50);
    expect(status).toBe('failed');
    expect(summary).toMatch(/^\d+ MiB are free for the cache .*, and the set-up needs about 1125899906842624$/);
    expect(wayOut).toBe('make room, or name another folder with INVSEG_CACHE');
  });
});
