/** `invseg doctor` on this machine, and on broken ones that the test makes. */
import { execFile, execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../lib/doctor/index.js';
import { BUILD_FOLDER, type BuildStamp, readStamp } from '../../lib/native/stamp.js';
import { fakeLibtorch } from '../setup/fakes.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = path.join(root, 'dist', 'cli', 'main.js');
const addon = path.resolve(process.env['INVSEG_ADDON'] ?? BUILD_FOLDER);
const stamp = readStamp(addon) as BuildStamp;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Told {
  code: number;
  ok: boolean;
  by: (check: Finding['check']) => Finding[];
}

function run(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; out: string }> {
  const { INVSEG_LIBTORCH: _, LIBTORCH: __, ...rest } = process.env;
  const cache = path.join(folder, 'cache');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, 'doctor', ...args],
      { env: { ...rest, INVSEG_CACHE: cache, ...env } },
      (error, out) => resolve({ code: error ? Number(error.code) : 0, out }),
    );
  });
}

async function doctor(env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<Told> {
  const { code, out } = await run(['--json', ...args], env);
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] };
  return { code, ok, by: (check) => findings.filter((finding) => finding.check === check) };
}

/** The one finding that failed. */
function failure({ code, ok, by }: Told, check: Finding['check']): Finding {
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  const failed = by(check).filter(({ status }) => status === 'failed');
  expect(failed).toHaveLength(1);
  expect(failed[0]!.wayOut).toBeTruthy();
  expect(failed[0]!.summary).not.toContain('\n');
  return failed[0]!;
}

/** A set-up does not change what INVSEG_ADDON names. */
function correctsTheVariable(wayOut: string | undefined): void {
  expect(wayOut).toMatch(/correct or unset INVSEG_ADDON/);
  expect(wayOut).not.toContain('setup');
}

/** A copy of this machine's addon, with a stamp of another LibTorch. */
function otherAddon(name: string, changes: Partial<BuildStamp> = {}): string {
  const copy = path.join(folder, name);
  mkdirSync(copy);
  for (const file of ['invseg.node', 'invseg_shim.node']) copyFileSync(path.join(addon, file), path.join(copy, file));
  writeFileSync(path.join(copy, 'invseg.json'), JSON.stringify({ ...stamp, ...changes }));
  return copy;
}

/** This machine's LibTorch as links, without the libraries of some names, or without `include`. */
function otherLibtorch(name: string, without: readonly string[] = []): string {
  const copy = path.join(folder, name);
  mkdirSync(path.join(copy, 'lib'), { recursive: true });
  if (!without.includes('include')) symlinkSync(path.join(stamp.libtorch, 'include'), path.join(copy, 'include'));
  for (const file of readdirSync(path.join(stamp.libtorch, 'lib'))) {
    if (!without.includes(file)) symlinkSync(path.join(stamp.libtorch, 'lib', file), path.join(copy, 'lib', file));
  }
  writeFileSync(path.join(copy, 'version.py'), `__version__ = '${stamp.libtorchVersion}'\n`);
  return copy;
}

/** @param args of the compiler, after the source and the output */
function library(file: string, source: string, ...args: string[]): void {
  const text = path.join(folder, 'source.cc');
  writeFileSync(text, source);
  execFileSync('c++', ['-shared', '-fPIC', text, '-o', file, ...args]);
}

describe('a good machine', () => {
  it('exits 0, with a mask of a bundled picture', async () => {
    const { code, ok, by } = await doctor();
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(by('node')[0]!.summary).toBe(`Node ${process.versions.node}`);
    expect(by('libtorch')[0]!.facts!['places']).toEqual([
      { source: 'addon', place: stamp.libtorch, outcome: `LibTorch ${stamp.libtorchVersion}` },
    ]);
    expect(by('model')[0]!.facts).toMatchObject({
      name: 'miniature',
      weights: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(by('self-test')[0]).toMatchObject({
      status: 'ok',
      facts: { picture: 'cat-bus.png', seconds: expect.any(Number) },
    });
  });

  it('fits one screen, and says what comes next', async () => {
    const { code, out } = await run([], {});
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').length).toBeLessThanOrEqual(24);
    expect(out).toContain('Next: npx invseg segment');
  });
});

describe('a broken machine', () => {
  it('without LibTorch: every place that was looked at, and the set-up', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    const told = await doctor({ INVSEG_ADDON: empty, PATH: empty });
    const { summary, wayOut, facts } = failure(told, 'libtorch');
    expect(summary).toBe('no LibTorch was found');
    expect(wayOut).toContain('npx invseg setup');
    expect((facts!['places'] as { source: string }[]).map(({ source }) => source)).toEqual(['cache', 'python3']);
    expect(failure(told, 'addon').summary).toContain('lacks invseg.node, invseg_shim.node, invseg.json');
    expect(told.by('self-test')[0]!.status).toBe('skipped');
  });

  it('with a LibTorch of the wrong version', async () => {
    const old = fakeLibtorch(path.join(folder, 'old'), '2.5.0');
    const told = await doctor({ INVSEG_ADDON: otherAddon('old-addon', { libtorch: old }) });
    const { summary, wayOut } = failure(told, 'libtorch');
    expect(summary).toContain('LibTorch 2.5.0, but 2.11 to 2.14 is needed');
    correctsTheVariable(wayOut);
    expect(told.by('addon')[0]!.status).toBe('skipped');
    const named = await doctor({ INVSEG_LIBTORCH: old });
    expect(failure(named, 'libtorch').summary).toContain('2.5.0');
  });

  it('with a LibTorch that lacks a library', async () => {
    const file = process.platform === 'darwin' ? 'libc10.dylib' : 'libc10.so';
    const libtorch = otherLibtorch('lacking', [file]);
    const told = await doctor({ INVSEG_ADDON: otherAddon('lacking-addon', { libtorch }) });
    expect(failure(told, 'addon').summary).toContain(file);
  });

  it('with a cache that cannot be read', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    const { summary, wayOut } = failure(await doctor({ INVSEG_CACHE: file }), 'cache');
    expect(summary).toBe(`the cache cannot be in ${file}: ${file} is a file`);
    expect(wayOut).toContain('INVSEG_CACHE');
  });

  /** Only root may mount; the tests of CI run as root. */
  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)('without room for the set-up', async () => {
    const disk = path.join(folder, 'disk');
    const empty = path.join(folder, 'no-addon');
    for (const made of [disk, empty]) mkdirSync(made, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
    try {
      const told = await doctor({ INVSEG_ADDON: empty, INVSEG_CACHE: path.join(disk, 'cache'), PATH: empty });
      const { summary, wayOut } = failure(told, 'cache');
      expect(summary).toMatch(/^\d+ MiB are free for the cache .*, and the set-up needs about \d+$/);
      expect(wayOut).toContain('make room');
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  it.runIf(process.platform === 'linux')('on a platform that is not supported: a Linux with musl', async () => {
    // Node's report names the version of glibc, and none on such a system.
    const musl = path.join(folder, 'musl.mjs');
    writeFileSync(musl, 'process.report.getReport = () => ({ header: {}, sharedObjects: [] });\n');
    const told = await doctor({ NODE_OPTIONS: `--import ${musl}` });
    const { summary, wayOut } = failure(told, 'platform');
    expect(summary).toContain('this Linux has no glibc');
    expect(wayOut).toContain('bookworm');
  });

  it('with an addon that is none', async () => {
    const foreign = otherAddon('foreign');
    writeFileSync(path.join(foreign, 'invseg.node'), 'of another machine');
    const { summary, wayOut } = failure(await doctor({ INVSEG_ADDON: foreign }), 'addon');
    expect(summary).toContain(path.join(foreign, 'invseg.node'));
    correctsTheVariable(wayOut);
  });

  it('with an INVSEG_ADDON that leads nowhere, to a file, or to a folder without the three files', async () => {
    const file = path.join(addon, 'invseg.node');
    const half = otherAddon('half');
    rmSync(path.join(half, 'invseg_shim.node'));
    const unread = otherAddon('unread');
    writeFileSync(path.join(unread, 'invseg.json'), '{');
    const gone = path.join(folder, 'gone');
    for (const [named, reason] of [
      [gone, 'does not exist'],
      [file, 'is a file, and the folder that holds it is expected'],
      [half, 'lacks invseg_shim.node'],
      [unread, 'has an invseg.json that is not of this version'],
    ] as const) {
      const { summary, wayOut } = failure(await doctor({ INVSEG_ADDON: named }), 'addon');
      expect(summary).toBe(`INVSEG_ADDON names ${named}, which ${reason}`);
      correctsTheVariable(wayOut);
    }
  });

  it('with an INVSEG_ADDON that was built for another LibTorch than the one that is named', async () => {
    const other = otherAddon('other-minor', { libtorchVersion: '2.11.0' });
    const named = await doctor({ INVSEG_ADDON: other, INVSEG_LIBTORCH: stamp.libtorch });
    const { summary, wayOut } = failure(named, 'addon');
    expect(summary).toContain('Expected a LibTorch 2.11, with which the addon');
    correctsTheVariable(wayOut);
    // And one whose LibTorch changed its version since, or has gone.
    correctsTheVariable(failure(await doctor({ INVSEG_ADDON: other }), 'libtorch').wayOut);
    const lost = otherAddon('lost', { libtorch: path.join(folder, 'nowhere') });
    correctsTheVariable(failure(await doctor({ INVSEG_ADDON: lost }), 'libtorch').wayOut);
  });

  it('with a LibTorch without headers where an addon has to be built: one line, and what to do', async () => {
    const bare = fakeLibtorch(path.join(folder, 'no-headers'), '2.11.0', 'archive');
    rmSync(path.join(bare, 'include'), { recursive: true });
    for (const variable of ['INVSEG_LIBTORCH', 'LIBTORCH']) {
      const told = await doctor({ [variable]: bare });
      const { summary, wayOut } = failure(told, 'libtorch');
      expect(summary).toMatch(
        new RegExp(
          `^LibTorch 2\\.11\\.0 in ${bare} \\(${variable}\\) has no headers \\(include/torch\\) to build an addon with`,
        ),
      );
      expect(wayOut).toBe(`name a whole LibTorch with ${variable}, or unset it and run \`npx invseg setup\``);
      expect(told.by('addon')[0]!.status).toBe('skipped');
    }
  });

  it('but not with one without headers for which there is an addon: loading needs none', async () => {
    const bare = otherLibtorch('libraries-alone', ['include']);
    const { code, by } = await doctor({ INVSEG_ADDON: otherAddon('fitting'), INVSEG_LIBTORCH: bare });
    expect(by('libtorch')[0]).toMatchObject({ status: 'ok', summary: `LibTorch ${stamp.libtorchVersion} in ${bare}` });
    expect(code).toBe(0);
    const built = await doctor({ INVSEG_ADDON: otherAddon('built-with', { libtorch: bare }) });
    expect({ code: built.code, status: built.by('libtorch')[0]!.status }).toEqual({ code: 0, status: 'ok' });
  });

  it('with an addon that crashes as it is loaded', async () => {
    const crashing = otherAddon('crashing');
    library(path.join(crashing, 'invseg.node'), '#include <cstdlib>\nstruct A { A() { std::abort(); } } a;\n');
    const { summary, wayOut } = failure(await doctor({ INVSEG_ADDON: crashing }), 'addon');
    expect(summary).toBe(`the process that loads the addon from ${crashing} was ended by SIGABRT`);
    correctsTheVariable(wayOut);
  });

  it.runIf(process.platform === 'linux')('with a LibTorch for CUDA and no driver', async () => {
    const libtorch = otherLibtorch('cuda');
    const driver = path.join(folder, 'libnodriver.so.1');
    library(driver, 'extern "C" int driver() { return 0; }\n', '-Wl,-soname,libnodriver.so.1');
    const use = 'extern "C" int driver(); int used = driver();\n';
    rmSync(path.join(libtorch, 'lib', 'libtorch_cuda.so'), { force: true });
    library(path.join(libtorch, 'lib', 'libtorch_cuda.so'), use, driver);
    rmSync(driver);
    const told = await doctor({ INVSEG_ADDON: otherAddon('cuda-addon', { libtorch }) });
    const { summary, wayOut } = failure(told, 'device');
    expect(summary).toContain('libnodriver.so.1: cannot open shared object file');
    expect(wayOut).toContain("NVIDIA's driver");
    // The processor is as good as before.
    expect(told.by('self-test')[0]!.status).toBe('ok');
  });

  it('with a model whose code is not of this package, unless it is trusted', async () => {
    const model = path.join(folder, 'foreign');
    cpSync(path.join(root, 'models', 'miniature'), model, { recursive: true });
    appendFileSync(path.join(model, 'unet.pt'), 'x');
    const { summary, wayOut } = failure(await doctor({}, '--model', model), 'model');
    expect(summary).toContain('unet.pt: expected TorchScript of this package but found another one');
    expect(wayOut).toContain('--trust-code');
    expect((await doctor({}, '--model', model, '--trust-code')).ok).toBe(true);
  });

  it('with a damaged model', async () => {
    const model = path.join(folder, 'model');
    cpSync(path.join(root, 'models', 'miniature'), model, { recursive: true });
    const weights = path.join(model, 'unet.safetensors');
    truncateSync(weights, readFileSync(weights).length - 1000);
    const { summary, wayOut } = failure(await doctor({}, '--model', model), 'model');
    expect(summary).toContain('unet.safetensors');
    expect(wayOut).toContain('--model');
  });
});
