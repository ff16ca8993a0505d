/** Loading the addon: once an environment, from worker threads, and what a build that does not do is told. */
import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { adopt, toInvSegError } from '../../lib/native/errors.js';
import { loadAddon, loadBinding } from '../../lib/native/load.js';
import { whyNoPrebuild } from '../../lib/native/prebuilds.js';
import { ADDON, BUILD_FOLDER, type BuildStamp, readStamp, SHIM, STAMP } from '../../lib/native/stamp.js';
import { fakeLibtorch } from '../setup/fakes.js';

const built = path.resolve(process.env['INVSEG_ADDON'] ?? BUILD_FOLDER);
const stamp = readStamp(built) as BuildStamp;
const LOAD = new URL('../../dist/native/load.js', import.meta.url).href;

/** What a new process prints. */
function run(body: string, env: Record<string, string> = {}): Promise<string> {
  const script = `import { loadBinding } from ${JSON.stringify(LOAD)};\n${body}`;
  const { OMP_WAIT_POLICY: _, INVSEG_LIBTORCH: __, ...rest } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { env: { ...rest, INVSEG_ADDON: built, ...env } },
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
  for (const file of [ADDON, SHIM, STAMP]) copyFileSync(path.join(built, file), path.join(folder, file));
  return folder;
}

describe('loading', () => {
  it('gives the same binding every time, and tells where LibTorch lies', () => {
    const addon = loadBinding();
    expect(loadBinding()).toBe(addon);
    expect(addon.binding.info().torch).toMatch(/^2\.1[1-4]\./);
    expect(addon.libtorch).toBe(stamp.libtorch);
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
      /^InvSegError LIBTORCH_NOT_FOUND .*\/nowhere\/torch, which is no longer there.* INVSEG_LIBTORCH, or correct or unset INVSEG_ADDON\.\n$/,
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

/** Says how many processes were started, beside what `body` prints. */
const counted = (body: string): string => `import processes from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
let started = 0;
const { spawnSync } = processes;
processes.spawnSync = (...args) => { started++; return spawnSync(...args); };
syncBuiltinESMExports();
${body}
console.log('processes', started);`;

function temporary(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg load-'));
  made.push(folder);
  return folder;
}

/** A library in place of the addon of a copied build. */
function otherAddon(source: string): string {
  const folder = copyOfBuild();
  const text = path.join(folder, 'source.cc');
  writeFileSync(text, source);
  execFileSync('c++', ['-shared', '-fPIC', '-Wl,-z,lazy', text, '-o', path.join(folder, ADDON)]);
  return folder;
}

const ABORTS = '#include <cstdlib>\nstruct A { A() { std::abort(); } } a;\n';

describe('the first load', () => {
  it('of an addon that crashes is an error, and the program goes on', async () => {
    const folder = otherAddon(ABORTS);
    const env = { INVSEG_ADDON: folder, INVSEG_CACHE: temporary() };
    const out = await run(`${failure}\nconsole.log('goes on');`, env);
    expect(out).toContain(
      `InvSegError ADDON_LOAD_FAILED The process that loads the addon from ${folder} was ended by SIGABRT, with the LibTorch`,
    );
    // A set-up would not change what the variable or the option names.
    expect(out).toMatch(/or correct or unset INVSEG_ADDON\.\ngoes on\n$/);
    const option = failure.replace('loadBinding()', `loadBinding({ addon: ${JSON.stringify(folder)} })`);
    expect(await run(option, env)).toMatch(/or correct the option addon, or leave it out\.\n$/);
  });

  it('of an addon that lacks a symbol of its LibTorch is an error, not an end at the first call', async () => {
    const folder = otherAddon(
      'extern "C" void of_another_libtorch();\nextern "C" void* napi_register_module_v1(void*, void* e) { of_another_libtorch(); return e; }\n',
    );
    const out = await run(`${failure}\nconsole.log('goes on');`, { INVSEG_ADDON: folder, INVSEG_CACHE: temporary() });
    expect(out).toMatch(/^InvSegError ADDON_LOAD_FAILED .*of_another_libtorch[^]*goes on\n$/);
  });

  it('is made apart once for a binary and a LibTorch, and again when one of them changed', async () => {
    const folder = copyOfBuild();
    const env = { INVSEG_ADDON: folder, INVSEG_CACHE: temporary() };
    expect(await run(counted('loadBinding();'), env)).toBe('processes 1\n');
    expect(await run(counted('loadBinding();'), env)).toBe('processes 0\n');
    expect(readdirSync(path.join(env.INVSEG_CACHE, 'loads'))).toHaveLength(1);
    utimesSync(path.join(folder, ADDON), 1e9, 1e9);
    expect(await run(counted('loadBinding();'), env)).toBe('processes 1\n');
  });

  it('is tried again after a crash: what was wrong may have been mended', async () => {
    const folder = otherAddon(ABORTS);
    const env = { INVSEG_ADDON: folder, INVSEG_CACHE: temporary() };
    for (const _ of [1, 2]) expect(await run(counted(failure), env)).toMatch(/SIGABRT[^]*processes 1\n$/);
    copyFileSync(path.join(built, ADDON), path.join(folder, ADDON));
    expect(await run(failure, env)).toBe('loaded\n');
  });

  it('is not made apart where nothing can be remembered, or where the caller is apart already', async () => {
    const file = path.join(temporary(), 'file');
    writeFileSync(file, '');
    const env = { INVSEG_ADDON: copyOfBuild() };
    expect(await run(counted('loadBinding();'), { ...env, INVSEG_CACHE: file })).toBe('processes 0\n');
    const cache = temporary();
    const body = 'loadBinding({ apart: false });';
    expect(await run(counted(body), { ...env, INVSEG_CACHE: cache })).toBe('processes 0\n');
  });
});

describe('the LibTorch of a program', () => {
  /** This machine's, as links in another folder. */
  function moved(): string {
    const folder = temporary();
    for (const name of ['lib', 'include']) symlinkSync(path.join(stamp.libtorch, name), path.join(folder, name));
    writeFileSync(path.join(folder, 'version.py'), `__version__ = '${stamp.libtorchVersion}'\n`);
    return folder;
  }

  const where = 'const { libtorch } = loadBinding(); console.log(libtorch);';

  it('is the one that INVSEG_LIBTORCH names, or the option, without a new set-up', async () => {
    const [named, chosen] = [moved(), moved()];
    expect(await run(where, { INVSEG_LIBTORCH: named })).toBe(`${named}\n`);
    const option = `const { libtorch } = loadBinding({ libtorch: ${JSON.stringify(chosen)} }); console.log(libtorch);`;
    expect(await run(option, { INVSEG_LIBTORCH: named })).toBe(`${chosen}\n`);
  });

  it('needs no headers', async () => {
    const named = moved();
    rmSync(path.join(named, 'include'));
    expect(await run(where, { INVSEG_LIBTORCH: named })).toBe(`${named}\n`);
  });

  it.each(['INVSEG_LIBTORCH', 'LIBTORCH'])('needs them where there is no addon for it: %s', async (variable) => {
    const other = fakeLibtorch(path.join(temporary(), 'libtorch'), '2.11.0');
    const env = { INVSEG_ADDON: '', [variable]: other };
    const [first] = (await run(failure, env)).split('\n');
    expect(first).toMatch(/^InvSegError ADDON_NOT_BUILT .* LibTorch 2\.11\.0 in .* Run `npx invseg setup` to build it/);
    rmSync(path.join(other, 'include'), { recursive: true });
    expect((await run(failure, env)).split('\n')[0]).toBe(
      `InvSegError ADDON_NOT_BUILT LibTorch 2.11.0 in ${other} (${variable}) has no headers (include/torch) to build an addon with; ` +
        `prebuilt ones: ${whyNoPrebuild('2.11.0')}: name a whole LibTorch with ${variable}, or unset it and run \`npx invseg setup\`. ` +
        'Looked at:',
    );
  });

  it('is refused where it is none, or does not fit the addon', async () => {
    expect(await run(failure, { INVSEG_LIBTORCH: '/nowhere' })).toMatch(
      /^InvSegError LIBTORCH_NOT_FOUND Expected the folder of a LibTorch .* from INVSEG_LIBTORCH but found \/nowhere: does not exist/,
    );
    const other = fakeLibtorch(path.join(temporary(), 'libtorch'), '2.11.0');
    expect(await run(failure, { INVSEG_LIBTORCH: other })).toMatch(
      /^InvSegError ADDON_LOAD_FAILED Expected a LibTorch 2\.1\d, with which .* but found 2\.11\.0 in .* \(INVSEG_LIBTORCH\)/,
    );
  });

  it('is chosen in a program by loadAddon, with the addon', async () => {
    const [folder, chosen] = [copyOfBuild(), moved()];
    const options = JSON.stringify({ addon: folder, libtorch: chosen });
    const body = `const { loadAddon } = await import(${JSON.stringify(LOAD)}); console.log(JSON.stringify(loadAddon(${options})));`;
    expect(JSON.parse(await run(body, { INVSEG_ADDON: '/nowhere', INVSEG_LIBTORCH: '/nowhere' }))).toEqual({
      folder,
      origin: 'option',
      libtorch: chosen,
      libtorchVersion: stamp.libtorchVersion,
    });
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['another name', { folder: '/x' }],
    ['a number', { libtorch: 7 }],
    ['an empty path', { addon: '' }],
  ])('is refused by loadAddon as an option: %s', (_, options) => {
    expect(() => loadAddon(options as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
  });

  it('cannot be changed once it is loaded', async () => {
    const body = `loadBinding(); loadBinding({});
      try { loadBinding({ libtorch: '/other' }); } catch (error) { console.log(error.code, error.message); }`;
    expect(await run(body)).toMatch(
      /^INVALID_OPTION Expected libtorch before the addon is loaded but received \/other/,
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
