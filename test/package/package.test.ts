import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_FOLDER, readStamp } from '../../lib/native/stamp.js';
import { packageVersion } from '../../lib/version.js';
import { fakeLibtorch } from '../setup/fakes.js';
import { checkout, install, layOutPrebuild, pack, remove } from './install.js';

let folder: string;
let project: string;
let own: string;
const addon = path.resolve(process.env['INVSEG_ADDON'] ?? BUILD_FOLDER);

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
  project = install(pack(folder).file);
  own = path.join(project, 'node_modules', 'invseg-native');
});

afterAll(() => {
  remove(folder);
  remove(project);
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs node in the project, without anything that this checkout's environment would give it. */
function node(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const { INVSEG_ADDON: _, INVSEG_LIBTORCH: __, NODE_OPTIONS: ___, ...rest } = process.env;
  return new Promise((resolve) => {
    const options = { cwd: project, env: { ...rest, ...env }, encoding: 'utf8' as const, timeout: 50_000 };
    execFile(process.execPath, args, options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

const script = (body: string): string[] => ['--input-type=module', '--eval', body];

describe('an installation', () => {
  it('imports, with the production dependencies alone', async () => {
    const { code, out, err } = await node(
      script(`import * as all from 'invseg-native'; console.log(Object.keys(all).join(' '))`),
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    for (const name of ['Segmenter', 'InvSegError', 'defaults', 'clusterLoss', 'saveResult'])
      expect(out.split(/\s/)).toContain(name);
  });

  it('can be required where Node allows that', async () => {
    const { out } = await node(['-e', `console.log(typeof require('invseg-native').Segmenter)`]);
    expect(out.trim()).toBe('function');
  });

  it.each([
    ['node16', ['--module', 'node16']],
    ['nodenext', ['--module', 'nodenext']],
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ])('brings its types, strict, under %s', async (name, module) => {
    const user = `user-${name}.mts`;
    writeFileSync(
      path.join(project, user),
      `import { Segmenter, InvSegError, type SegmentResult } from 'invseg-native';
       import { bench } from 'invseg-native/bench';
       const result: Promise<SegmentResult> = Segmenter.open({ device: 'cpu' }).then((s) => s.segment('cat.png', { categories: ['cat'] }));
       export const labels: Promise<Uint8Array> = result.then(({ labels }) => labels);
       export const code = (error: InvSegError): string => error.code;
       export const timed = bench;
       // @ts-expect-error a device is not a number
       export const wrong = Segmenter.open({ device: 1 });`,
    );
    const typescript = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    const types = path.join(checkout, 'node_modules', '@types');
    const settings = ['--noEmit', '--strict', ...module, '--target', 'es2022', '--lib', 'es2023,esnext.disposable'];
    const { code, out } = await node([
      path.join(typescript, 'bin', 'tsc'),
      ...settings,
      '--typeRoots',
      types,
      '--types',
      'node',
      user,
    ]);
    expect(out).toBe('');
    expect(code).toBe(0);
  });

  /** Of a machine where nothing was set up: no LibTorch named, in the cache, or in python3. */
  const bare = (): Record<string, string> => ({ INVSEG_CACHE: path.join(folder, 'empty'), LIBTORCH: '', PATH: folder });

  const open = script(`import { Segmenter } from 'invseg-native';
    await Segmenter.open().catch((error) => console.log(error.name, error.code, error.message));`);

  it('says what to do while there is no LibTorch: every place, and one command', async () => {
    const { out } = await node(open, bare());
    expect(out).toMatch(
      /^InvSegError ADDON_NOT_BUILT The native addon needs a LibTorch, and none was found: run `npx invseg setup`/,
    );
    for (const place of ['remembered: ', 'cache: ', 'python3: ']) expect(out).toContain(`  ${place}`);
    expect(out).toMatch(/Run:\n {2}npx invseg setup\n$/);
  });

  it('says what to do while there is no addon for the LibTorch: every place, and one command', async () => {
    const libtorch = fakeLibtorch(path.join(folder, 'libtorch'), '2.11.0');
    const { out } = await node(open, { ...bare(), INVSEG_LIBTORCH: libtorch });
    expect(out).toMatch(/^InvSegError ADDON_NOT_BUILT The native addon has not been built for LibTorch 2\.11\.0 in /);
    const places = [
      'option addon: ',
      'INVSEG_ADDON: ',
      path.join('prebuilds', `${process.platform}-${process.arch}`),
      'addons',
    ];
    for (const place of places) expect(out).toContain(place);
    expect(out).toMatch(/Run:\n {2}npx invseg setup\n$/);
  });

  it('has the command', async () => {
    const main = path.join(own, 'dist', 'cli', 'main.js');
    expect(existsSync(main)).toBe(true);
    const { code, out } = await node([main, '--version']);
    expect(out.trim()).toBe(packageVersion());
    expect(code).toBe(0);
    const failed = await node(
      [main, 'segment', picture(), '--categories', 'cat', '--out', path.join(project, 'none')],
      bare(),
    );
    expect(failed.err).toContain('npx invseg setup');
    expect(failed.code).toBe(1);
  });

  it('examines itself: what is missing before the set-up, and nothing with an addon that is built', async () => {
    const main = path.join(own, 'dist', 'cli', 'main.js');
    const before = await node([main, 'doctor'], bare());
    expect(before.code).toBe(1);
    expect(before.out).toMatch(/What to do:[^]*run `npx invseg setup`/);
    const built = await node([main, 'doctor'], { INVSEG_ADDON: addon });
    expect(built.out).toMatch(/ok +self-test +cat-bus\.png segmented/);
    expect(built.code).toBe(0);
  });

  it('segments with an addon that is built', async () => {
    const { code, out, err } = await node(
      script(`import { Segmenter } from 'invseg-native';
              const segmenter = await Segmenter.open({ device: 'cpu' });
              const { labels, width, height, status } = await segmenter.segment(${JSON.stringify(picture())}, { categories: ['cat'], steps: 1 });
              console.log(status, labels.length === width * height, segmenter.info.model.folder);
              await segmenter.dispose();`),
      { INVSEG_ADDON: addon },
    );
    expect(err).toBe('');
    expect(out).toMatch(/^completed true /);
    expect(out).toContain(path.join('node_modules', 'invseg-native', 'models', 'miniature'));
    expect(code).toBe(0);
  });

  it('segments with its own addon for the LibTorch that INVSEG_LIBTORCH names: no set-up, no compiler', async () => {
    const stamp = readStamp(addon)!;
    layOutPrebuild(own, addon);
    const { code, out, err } = await node(
      script(`import { Segmenter } from 'invseg-native';
              const segmenter = await Segmenter.open({ device: 'cpu' });
              const { status } = await segmenter.segment(${JSON.stringify(picture())}, { categories: ['cat'], steps: 1 });
              console.log(status);
              await segmenter.dispose();`),
      { ...bare(), INVSEG_LIBTORCH: stamp.libtorch },
    );
    expect({ code, out, err }).toEqual({ code: 0, out: 'completed\n', err: '' });
    const setUp = await node([path.join(own, 'dist', 'cli', 'main.js'), 'setup', '--libtorch', stamp.libtorch], bare());
    expect(setUp.out).toMatch(/nothing to do[^]*addon: .*prebuilds/);
    expect(existsSync(path.join(folder, 'empty', 'addons'))).toBe(false);
    // What the set-up chose needs no variable.
    expect((await node([path.join(own, 'dist', 'cli', 'main.js'), 'info'], bare())).code).toBe(0);
  });
});

function picture(): string {
  const pictures = path.join(own, 'models', 'miniature', 'pictures');
  const file = readdirSync(pictures).find((name) => name.endsWith('.png'));
  return path.join(pictures, file as string);
}
