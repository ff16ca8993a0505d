/** Which prebuilt addon fits a LibTorch and a host, in packages that the test lays out. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Host, unsupported } from '../../lib/native/host.js';
import { DESCRIPTION, FORMAT, minorOf, prebuildFor, whyNoPrebuild } from '../../lib/native/prebuilds.js';
import { temporaryFolder } from '../setup/fakes.js';

const host: Host = { platform: 'linux', arch: 'x64', glibc: '2.36' };

function layOut(changes: object = {}): { root: string; folder: string } {
  const root = temporaryFolder();
  const folder = path.join(root, 'prebuilds', 'linux-x64');
  mkdirSync(folder, { recursive: true });
  const addons = {
    '2.13': { file: 'invseg.torch-2.13.glibc.node', builtWith: '2.13.0+cpu' },
    '2.14': { file: 'invseg.torch-2.14.glibc.node', builtWith: '2.14.1+cu130' },
  };
  const shim = 'invseg_shim.glibc.node';
  for (const file of [shim, ...Object.values(addons).map((addon) => addon.file)])
    writeFileSync(path.join(folder, file), '');
  const description = { format: FORMAT, fingerprint: 'x', glibc: '2.34', glibcxx: '3.4.29', shim, addons, ...changes };
  writeFileSync(path.join(folder, DESCRIPTION), JSON.stringify(description));
  return { root, folder };
}

describe('a prebuilt addon', () => {
  it.each([
    ['2.13.0', '2.13'],
    ['2.13.1+cu130', '2.13'],
    ['2.14.1+cu130', '2.14'],
    ['2.14.0+cpu', '2.14'],
  ])('fits LibTorch %s by its minor version', (version, minor) => {
    const { root, folder } = layOut();
    expect(prebuildFor(version, host, root)).toEqual({
      addon: path.join(folder, `invseg.torch-${minor}.glibc.node`),
      shim: path.join(folder, 'invseg_shim.glibc.node'),
      libtorch: minor,
    });
    expect(whyNoPrebuild(version, host, root)).toBeUndefined();
  });

  it('does not fit another minor version, nor one whose name begins alike', () => {
    const { root } = layOut();
    for (const version of ['2.12.0', '2.1.0', '2.131.0', '3.13.0']) {
      expect(prebuildFor(version, host, root)).toBeUndefined();
      expect(whyNoPrebuild(version, host, root)).toBe(`for LibTorch 2.13 and 2.14, not ${minorOf(version)}`);
    }
  });

  it.each([
    ['an older glibc', { ...host, glibc: '2.31' }, 'for glibc 2.34 or newer, and this is 2.31'],
    ['one that sorts after it as a text', { ...host, glibc: '2.4' }, 'for glibc 2.34 or newer, and this is 2.4'],
    ['no glibc', { ...host, glibc: undefined }, 'for glibc 2.34 or newer, and this is another libc'],
    ['another processor', { ...host, arch: 'arm64' }, 'none for this platform'],
    ['another system', { ...host, platform: 'darwin' as const }, 'none for this platform'],
  ])('does not fit %s', (_, other, reason) => {
    const { root } = layOut();
    expect(prebuildFor('2.13.0', other, root)).toBeUndefined();
    expect(whyNoPrebuild('2.13.0', other, root)).toBe(reason);
  });

  it.each(['2.34', '2.100', '3.0'])('fits glibc %s', (glibc) => {
    expect(prebuildFor('2.13.0', { ...host, glibc }, layOut().root)).toBeDefined();
  });

  it('is none where a file of it is missing, or the description is of another format or no JSON', () => {
    const { root, folder } = layOut();
    rmSync(path.join(folder, 'invseg_shim.glibc.node'));
    expect(whyNoPrebuild('2.13.0', host, root)).toContain('invseg_shim.glibc.node is missing');
    expect(whyNoPrebuild('2.13.0', host, layOut({ format: 'invseg-prebuilds/2' }).root)).toBe('none for this platform');
    writeFileSync(path.join(folder, DESCRIPTION), '{');
    expect(whyNoPrebuild('2.13.0', host, root)).toBe('none for this platform');
  });
});

describe('what is not supported', () => {
  it.each([
    ['Windows', { platform: 'win32' as const, arch: 'x64', glibc: undefined }, /win32 x64: use WSL 2\.$/],
    ['musl', { ...host, glibc: undefined }, /a Linux without glibc \(Alpine has musl\)/],
    ['a 32-bit Node', { ...host, arch: 'ia32' }, /linux ia32: use a 64-bit Node/],
  ])('says so in one line: %s', (_, other, sentence) => {
    expect(unsupported(other)).toMatch(sentence);
    expect(unsupported(other)).not.toContain('\n');
  });

  it('is nothing else', () => {
    expect(unsupported(host)).toBeUndefined();
    expect(unsupported({ platform: 'darwin', arch: 'arm64', glibc: undefined })).toBeUndefined();
  });
});
