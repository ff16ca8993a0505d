/** Loading the addon: once an environment, from worker threads, and what a build that does not do is told. */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { adopt, toInvSegError } from '../../lib/native/errors.js';
import { loadBinding } from '../../lib/native/load.js';
import { ADDON, BUILD_FOLDER, SHIM, STAMP } from '../../lib/native/stamp.js';

const LOAD = new URL('../../dist/native/load.js', import.meta.url).href;

/** What a new process prints. */
function run(body: string, env: Record<string, string> = {}): Promise<string> {
  const script = `import { loadBinding } from ${JSON.stringify(LOAD)};\n${body}`;
  const { OMP_WAIT_POLICY: _, INVSEG_ADDON: __, ...rest } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env: { ...rest, ...env } },
      (_error, out, err) => resolve(out + err),
    );
  });
}

const failure = `try { loadBinding(); console.log('loaded'); } catch (error) { console.log(error.name, error.code, error.message); }`;

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the build that a test can damage. */
function copyOfBuild(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg build-'));
  made.push(folder);
  for (const file of [ADDON, SHIM, STAMP]) copyFileSync(path.join(BUILD_FOLDER, file), path.join(folder, file));
  return folder;
}

describe('loading', () => {
  it('gives the same binding every time, and tells where LibTorch lies', () => {
    const addon = loadBinding();
    expect(loadBinding()).toBe(addon);
    expect(addon.binding.info().torch).toMatch(/^2\.1[1-4]\./);
    expect(addon.libtorch).toBe(
      (JSON.parse(readFileSync(path.join(addon.folder, STAMP), 'utf8')) as { libtorch: string }).libtorch,
    );
    expect(addon.warnings).toEqual([]);
  });

  it('works from two worker threads at once and from the main thread after them', async () => {
    const body = `import(${JSON.stringify(LOAD)}).then(({ loadBinding }) =>
      require('node:worker_threads').parentPort.postMessage(loadBinding().binding.probe().handles));`;
    const ask = (): Promise<unknown> =>
      new Promise((resolve, reject) => new Worker(body, { eval: true }).once('message', resolve).once('error', reject));
    expect(await Promise.all([ask(), ask()])).toEqual([0, 0]);
    expect(loadBinding().binding.info().threads).toBeGreaterThan(0);
  });

  it('lets the threads of libgomp sleep, unless the user wants it otherwise', async () => {
    const child = `import { execFileSync } from 'node:child_process';
      loadBinding(); console.log(execFileSync('printenv', ['OMP_WAIT_POLICY'], { encoding: 'utf8' }).trim());`;
    expect(await run(child)).toBe('passive\n');
    expect(await run(child, { OMP_WAIT_POLICY: 'active' })).toBe('active\n');
  });

  it('takes the folder that INVSEG_ADDON names', async () => {
    expect(await run(failure, { INVSEG_ADDON: copyOfBuild() })).toBe('loaded\n');
  });
});

describe('a build that does not do', () => {
  it('is missing: every path and the way out', async () => {
    const out = await run(failure, { INVSEG_ADDON: '/nowhere' });
    expect(out).toMatch(
      /^InvSegError ADDON_NOT_BUILT The folder that INVSEG_ADDON names has no addon: correct or unset it\./,
    );
    for (const file of [ADDON, SHIM, STAMP]) expect(out).toContain(`  /nowhere/${file}: missing`);
  });

  it('has a stamp that cannot be read', async () => {
    const folder = copyOfBuild();
    writeFileSync(path.join(folder, STAMP), '{"format":');
    const out = await run(failure, { INVSEG_ADDON: folder });
    expect(out).toContain('ADDON_NOT_BUILT');
    expect(out).toContain('not readable as a stamp');
  });

  it('was built with a LibTorch that has gone', async () => {
    const folder = copyOfBuild();
    const stamp = JSON.parse(readFileSync(path.join(folder, STAMP), 'utf8')) as object;
    writeFileSync(path.join(folder, STAMP), JSON.stringify({ ...stamp, libtorch: '/nowhere/torch' }));
    expect(await run(failure, { INVSEG_ADDON: folder })).toMatch(
      /^InvSegError LIBTORCH_NOT_FOUND .*\/nowhere\/torch, which is no longer there.*npx invseg setup/,
    );
  });

  it('is damaged, or its LibTorch is', async () => {
    const folder = copyOfBuild();
    writeFileSync(path.join(folder, ADDON), 'not a library');
    expect(await run(failure, { INVSEG_ADDON: folder })).toMatch(/^InvSegError ADDON_LOAD_FAILED .*invseg\.node/);

    const other = copyOfBuild();
    const stamp = JSON.parse(readFileSync(path.join(other, STAMP), 'utf8')) as object;
    writeFileSync(path.join(other, STAMP), JSON.stringify({ ...stamp, libtorch: os.tmpdir() }));
    const lib = path.join(os.tmpdir(), 'lib');
    expect(await run(failure, { INVSEG_ADDON: other })).toMatch(
      new RegExp(`^InvSegError (LIBTORCH_NOT_FOUND|ADDON_LOAD_FAILED) .*(${lib}|${os.tmpdir()})`),
    );
  });
});

describe('errors of the addon', () => {
  const coded = (code: string): Error => Object.assign(new Error('what happened'), { code });

  it('keep their code and message', () => {
    const error = toInvSegError(coded('SHAPE_MISMATCH'));
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code: 'SHAPE_MISMATCH', message: 'what happened', cause: expect.any(Error) });
    expect(toInvSegError(error)).toBe(error);
  });

  it.each([coded('ERR_SOMETHING'), new Error('x'), 'x', null, undefined])(
    'are INTERNAL where the code is not ours: %s',
    (error) => {
      expect(toInvSegError(error).code).toBe('INTERNAL');
    },
  );

  it('reach callers of adopted objects and of the handles that they return', async () => {
    class Native {
      dispose(): void {}
      fails(): never {
        throw coded('DISPOSED');
      }
      rejects(): Promise<never> {
        return Promise.reject(coded('NOT_FINITE'));
      }
      another(): Promise<Native> {
        return Promise.resolve(new Native());
      }
      get device(): string {
        return 'cpu';
      }
    }
    const native = new Native();
    expect(adopt(native)).toBe(native);
    expect(native.device).toBe('cpu');
    expect(() => native.fails()).toThrow(InvSegError);
    await expect(native.rejects()).rejects.toMatchObject({ name: 'InvSegError', code: 'NOT_FINITE' });
    const handle = await native.another();
    expect(handle).toBeInstanceOf(Native);
    expect(() => handle.fails()).toThrow(InvSegError);
  });

  it('reach callers of handles inside an object or a list that is returned', async () => {
    const handle = () => ({ dispose: () => {}, grow: () => Promise.reject(coded('OUT_OF_MEMORY')) });
    const values = Float32Array.of(1, 2);
    const native = adopt({
      pair: async () => ({ self: null, cross: handle(), values }),
      list: async () => [{ inner: handle() }],
      now: () => ({ inner: handle() }),
    });
    const pair = await native.pair();
    await expect(pair.cross.grow()).rejects.toMatchObject({ name: 'InvSegError', code: 'OUT_OF_MEMORY' });
    expect(pair).toMatchObject({ self: null, values });
    await expect((await native.list())[0]!.inner.grow()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    await expect(native.now().inner.grow()).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  });
});
