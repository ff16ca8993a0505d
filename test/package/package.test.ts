import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_FOLDER } from '../../lib/native/stamp.js';
import { packageVersion } from '../../lib/version.js';
import { checkout, install, type Packed, pack, readManifest, remove } from './install.js';

let folder: string;
let packed: Packed;
let project: string;
let own: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
  packed = pack(folder);
  project = install(packed.file);
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

describe('the tarball', () => {
  it('holds what runs and what the addon is built from', () => {
    const files = packed.files.map((file) => file.path);
    for (const needed of [
      'package.json',
      'LICENSE',
      'README.md',
      'CMakeLists.txt',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'dist/setup/index.js',
      'native/addon/addon.cc',
      'native/core/engine/engine.cc',
      'native/shim/shim.cc',
      'models/sd21/manifest.json',
      'models/sd21/unet.pt',
      'models/miniature/manifest.json',
      'models/miniature/unet.safetensors',
      'models/clip/manifest.json',
      'models/clip/text_encoder.pt',
      'models/miniature-pictures/classes.json',
      'models/miniature-pictures/images/0000.jpg',
      'models/blip/manifest.json',
      'models/blip/text_decoder.pt',
    ]) {
      expect(files).toContain(needed);
    }
  });

  it('holds nothing of the development', () => {
    const strangers = packed.files
      .map((file) => file.path)
      .filter((file) =>
        /^(lib|test|scripts|build|coverage|\.ci|\.cache|native\/tests)\/|\.test\.|\.map$|__pycache__|\.node$|tsconfig/.test(
          file,
        ),
      );
    expect(strangers).toEqual([]);
    const sources = packed.files.filter(({ path: file }) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
    expect(sources).toEqual([]);
  });

  it('has a type declaration beside every module', () => {
    const files = new Set(packed.files.map((file) => file.path));
    const lonely = [...files].filter(
      (file) => /^dist\/.*\.js$/.test(file) && !files.has(file.replace(/\.js$/, '.d.ts')),
    );
    expect(lonely).toEqual([]);
  });

  it('stays small', () => {
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
    const largest = [...packed.files].sort((a, b) => b.size - a.size).slice(0, 5);
    console.log(
      `Package: ${megabytes(packed.size)} packed, ${megabytes(packed.unpackedSize)} unpacked, ${packed.files.length} files; ` +
        `largest ${largest.map(({ path: file, size }) => `${file} ${megabytes(size)}`).join(', ')}`,
    );
    expect(packed.size).toBeLessThan(20e6);
  });

  it('runs no script when it is installed, nor afterwards', () => {
    const { scripts = {} } = readManifest(own);
    // `prepare` too: `npm install` in the unpacked package runs it, and its file is not here.
    expect(Object.keys(scripts)).toEqual([]);
    // npm and yarn take it for an install script, and a lock entry cannot tell them otherwise.
    expect(packed.files.map((file) => file.path).filter((file) => file.endsWith('.gyp'))).toEqual([]);
  });

  it('is what is published: npm publish in the checkout is refused', () => {
    const publish = () =>
      execFileSync(process.execPath, [path.join(checkout, 'scripts', 'package.mjs')], {
        env: { ...process.env, npm_lifecycle_event: 'prepublishOnly' },
        stdio: 'pipe',
      });
    expect(readManifest(checkout).scripts!['prepublishOnly']).toBe('node scripts/package.mjs');
    expect(publish).toThrow(/npm publish <tarball>/);
  });

  it('names the files that its manifest leads to', () => {
    const { main, types, bin, exports } = JSON.parse(readFileSync(path.join(own, 'package.json'), 'utf8')) as Leads;
    const named = [main, types, ...Object.values(bin), ...Object.values(exports['.'])];
    expect(named.filter((file) => !existsSync(path.join(own, file)))).toEqual([]);
    expect(readManifest(own).devDependencies).toBeUndefined();
  });
});

interface Leads {
  main: string;
  types: string;
  bin: Record<string, string>;
  exports: { '.': Record<string, string> };
}

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

  it('brings its types', async () => {
    writeFileSync(
      path.join(project, 'user.mts'),
      `import { Segmenter, InvSegError, type SegmentResult } from 'invseg-native';
       const result: Promise<SegmentResult> = Segmenter.open({ device: 'cpu' }).then((s) => s.segment('cat.png', { categories: ['cat'] }));
       export const labels: Promise<Uint8Array> = result.then(({ labels }) => labels);
       export const code = (error: InvSegError): string => error.code;
       // @ts-expect-error a device is not a number
       export const wrong = Segmenter.open({ device: 1 });`,
    );
    const typescript = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
    const types = path.join(checkout, 'node_modules', '@types');
    const settings = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,esnext.disposable',
    ];
    const { code, out } = await node([
      path.join(typescript, 'bin', 'tsc'),
      ...settings,
      '--typeRoots',
      types,
      '--types',
      'node',
      'user.mts',
    ]);
    expect(out).toBe('');
    expect(code).toBe(0);
  });

  it('says what to do while the addon is not built', async () => {
    const { out } = await node(
      script(`import { Segmenter } from 'invseg-native';
              await Segmenter.open().catch((error) => console.log(error.name, error.code, error.message));`),
    );
    expect(out).toMatch(/^InvSegError ADDON_NOT_BUILT The native addon has not been built\. Run `npx invseg setup`/);
    expect(out).toContain(path.join('invseg-native', 'build', 'Release', 'invseg.node'));
  });

  it('has the command', async () => {
    const main = path.join(own, 'dist', 'cli', 'main.js');
    expect(existsSync(main)).toBe(true);
    const { code, out } = await node([main, '--version']);
    expect(out.trim()).toBe(packageVersion());
    expect(code).toBe(0);
    const failed = await node([main, 'segment', picture(), '--categories', 'cat', '--out', path.join(project, 'none')]);
    expect(failed.err).toContain('npx invseg setup');
    expect(failed.code).toBe(1);
  });

  it('examines itself: what is missing before the set-up, and nothing with an addon that is built', async () => {
    const main = path.join(own, 'dist', 'cli', 'main.js');
    const bare = await node([main, 'doctor']);
    expect(bare.code).toBe(1);
    expect(bare.out).toMatch(
      /FAILED addon +the addon has not been built[^]*What to do:[^]*addon: run `npx invseg setup`/,
    );
    const built = await node([main, 'doctor'], { INVSEG_ADDON: process.env['INVSEG_ADDON'] ?? BUILD_FOLDER });
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
      { INVSEG_ADDON: process.env['INVSEG_ADDON'] ?? BUILD_FOLDER },
    );
    expect(err).toBe('');
    expect(out).toMatch(/^completed true /);
    expect(out).toContain(path.join('node_modules', 'invseg-native', 'models', 'miniature'));
    expect(code).toBe(0);
  });
});

function picture(): string {
  const pictures = path.join(own, 'models', 'miniature', 'pictures');
  const file = readdirSync(pictures).find((name) => name.endsWith('.png'));
  return path.join(pictures, file as string);
}
