/** What the tarball holds, against lists made here and against the tools that look at packages. */
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprint } from '../../lib/native/fingerprint.js';
import { DESCRIPTION, prebuildsFolder } from '../../lib/native/prebuilds.js';
import { absoluteLinks } from '../../scripts/package.mjs';
import { exportedSymbols } from '../../scripts/packaging/elf.mjs';
import { checkNeeds } from '../../scripts/prebuild.mjs';
import { checkout, type Packed, pack, readManifest, remove } from './install.js';

const MEGABYTES = 1e6;

let folder: string;
let packed: Packed;
let own: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
  packed = pack(folder);
  execFileSync('tar', ['-xzf', packed.file, '-C', folder]);
  own = path.join(folder, 'package');
});

afterAll(() => remove(folder));

/** Of `models/miniature-pictures`, each an image and a mask. */
const IMAGES = 300;

const files = (): string[] => packed.files.map((file) => file.path).sort();
const text = (file: string): string => readFileSync(path.join(own, file), 'utf8');

/** Files below a folder of the checkout, by the end of their names. */
function tree(root: string, ...ends: string[]): string[] {
  return (readdirSync(path.join(checkout, root), { recursive: true, withFileTypes: true }) as Entry[])
    .filter((entry) => entry.isFile() && ends.some((end) => entry.name.endsWith(end)))
    .map((entry) => path.relative(checkout, path.join(entry.parentPath, entry.name)));
}

interface Entry {
  name: string;
  parentPath: string;
  isFile(): boolean;
}

/** Every file of the package. */
function expected(): string[] {
  const compiled = tree('lib', '.ts').flatMap((file) => {
    const module = file.replace(/^lib/, 'dist').replace(/\.ts$/, '');
    return [`${module}.js`, `${module}.d.ts`];
  });
  const sources = ['addon', 'core', 'shim'].flatMap((name) => tree(path.join('native', name), '.cc', '.h'));
  const documents = [
    ...readdirSync(path.join(checkout, 'docs'))
      .filter((name) => /\.(md|png)$/.test(name))
      .map((name) => `docs/${name}`),
    ...tree('docs/api', '.md'),
    ...tree('docs/tables', '.md'),
  ];
  const listed = readFileSync(new URL('files.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const prebuilds = existsSync(path.join(prebuildsFolder(), DESCRIPTION))
    ? ['invseg.torch-2.13.glibc.node', 'invseg.torch-2.14.glibc.node', 'invseg_shim.glibc.node', 'prebuilds.json'].map(
        (name) => path.relative(checkout, path.join(prebuildsFolder(), name)),
      )
    : [];
  const images = Array.from({ length: IMAGES }, (_, i) => String(i).padStart(4, '0')).flatMap((name) => [
    `models/miniature-pictures/images/${name}.jpg`,
    `models/miniature-pictures/masks/${name}.png`,
  ]);
  return [...compiled, ...sources, ...documents, ...listed, ...images, ...prebuilds].sort();
}

describe('the tarball', () => {
  it('holds the files that it should, and no other', () => {
    const [is, should] = [files(), expected()];
    expect({
      missing: should.filter((file) => !is.includes(file)),
      strange: is.filter((file) => !should.includes(file)),
    }).toEqual({ missing: [], strange: [] });
  });

  it(`has at most 25 MB`, () => {
    const megabytes = (bytes: number): string => `${(bytes / MEGABYTES).toFixed(1)} MB`;
    const largest = [...packed.files].sort((a, b) => b.size - a.size).slice(0, 5);
    console.log(
      `Package: ${megabytes(packed.size)} packed, ${megabytes(packed.unpackedSize)} unpacked, ${packed.files.length} files; ` +
        `largest ${largest.map(({ path: file, size }) => `${file} ${megabytes(size)}`).join(', ')}`,
    );
    expect(packed.size).toBeLessThan(25 * MEGABYTES);
  });

  it('refers to no source map: none is packed', () => {
    const referring = files().filter((file) => /\.(js|ts)$/.test(file) && /^\/\/# sourceMappingURL/m.test(text(file)));
    expect(referring).toEqual([]);
  });

  it('runs no script when it is installed, nor afterwards', () => {
    const { scripts = {} } = readManifest(own);
    // `prepare` too: `npm install` in the unpacked package runs it, and its file is not here.
    expect(Object.keys(scripts)).toEqual([]);
    // npm and yarn take it for an install script, and a lock entry cannot tell them otherwise.
    expect(files().filter((file) => file.endsWith('.gyp'))).toEqual([]);
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
});

// `npm run prebuild` makes them; the checkout has none before.
describe.runIf(existsSync(path.join(prebuildsFolder(), DESCRIPTION)))('its prebuilt addons', () => {
  const binaries = (): string[] => files().filter((file) => file.endsWith('.node'));

  it('ask for no newer system than RHEL 9, and are stripped', () => {
    expect(binaries()).toHaveLength(3);
    for (const file of binaries().map((name) => path.join(own, name))) {
      expect(Object.keys(checkNeeds(file))).toContain('GLIBC');
      expect(execFileSync('readelf', ['--sections', file], { encoding: 'utf8' })).not.toMatch(/\.symtab|\.debug/);
    }
  });

  it('show the entry point of Node-API, and name no place of LibTorch', () => {
    for (const file of binaries().map((name) => path.join(own, name))) {
      expect(exportedSymbols(file)).toContain('napi_register_module_v1');
      expect(execFileSync('readelf', ['--dynamic', file], { encoding: 'utf8' })).not.toMatch(/RPATH|RUNPATH/);
    }
  });

  it('are made from the sources beside them', () => {
    const description = path.relative(checkout, path.join(prebuildsFolder(), DESCRIPTION));
    expect(JSON.parse(text(description))).toMatchObject({ fingerprint: fingerprint(checkout), glibc: '2.34' });
  });
});

describe('its manifest', () => {
  const manifest = (): Manifest => JSON.parse(text('package.json')) as Manifest;

  it('names files that are there', () => {
    const { main, types, bin, exports } = manifest();
    const named = [main, types, ...Object.values(bin), ...Object.values(exports['.'])];
    expect(named.filter((file) => !existsSync(path.join(own, file)))).toEqual([]);
    expect(readManifest(own).devDependencies).toBeUndefined();
  });

  it('says where it runs, so that installing it elsewhere is one line and not a failure later', () => {
    const { os: systems, cpu, engines, libc } = manifest();
    expect({ systems, cpu }).toEqual({ systems: ['linux', 'darwin'], cpu: ['x64', 'arm64'] });
    expect(engines.node).toBe('>=20.19');
    // npm takes any `libc` for a refusal of every system but Linux; the loader says it for musl.
    expect(libc).toBeUndefined();
  });

  it('names every licence of what is packed, as the notice does', () => {
    expect(manifest().license).toBe('Apache-2.0 AND CC-BY-SA-4.0 AND MIT');
    const notice = text('NOTICE.md');
    for (const part of ['models/miniature-pictures', 'CC BY-SA 4.0', 'Fluent Emoji', 'Permission is hereby granted'])
      expect(notice).toContain(part);
    expect(text('README.md')).toContain('CC BY-SA 4.0');
  });
});

interface Manifest {
  main: string;
  types: string;
  bin: Record<string, string>;
  exports: { '.': Record<string, string> };
  os: string[];
  cpu: string[];
  libc?: string[];
  engines: { node: string };
  license: string;
}

describe('its README', () => {
  it('leads nowhere but to files of the package, at an absolute address', () => {
    const links = [...text('README.md').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    expect(links.length).toBeGreaterThan(15);
    expect(links.filter((link) => !/^https:\/\//.test(link))).toEqual([]);
    const base = /^https:\/\/unpkg\.com\/invseg-native@[\d.]+\//;
    const inside = links.filter((link) => base.test(link)).map((link) => link.replace(base, '').replace(/#.*$/, ''));
    expect(inside.filter((file) => !files().includes(file))).toEqual([]);
  });

  it.each([
    ['[a](docs/a.md)', '[a](https://x/p/docs/a.md)'],
    ['![a](./docs/a.png)', '![a](https://x/p/docs/a.png)'],
    ['[a](https://b/c) [d](#e) [f](mailto:g@h)', '[a](https://b/c) [d](#e) [f](mailto:g@h)'],
  ])('%s', (from, to) => expect(absoluteLinks(from, 'https://x/p')).toBe(to));
});

/** Findings of attw that are meant, as it names them. */
const entries = ['bench', 'datasets', 'draw', 'evaluation', 'explain'].map((name) => `./${name}`);
const ARGUED = [
  // TypeScript's node16 knows no `require` of an ES module; every Node that this package is for (20.19) does.
  ...['.', ...entries].map((entry) => `CJSResolvesToESM ${entry} node16-cjs`),
  // node10 is how Node resolved before it knew `exports`, in version 12.
  ...entries.map((entry) => `NoResolution ${entry} node10`),
];

describe('the tools that look at packages find nothing', () => {
  const tool = (name: string, file: string): string => {
    const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
    return path.join(folders.map((entry) => path.join(entry, name)).find((entry) => existsSync(entry))!, file);
  };

  it('publint', async () => {
    const { publint } = (await import(tool('publint', 'src/index-node.js'))) as {
      publint(options: object): Promise<{ messages: unknown[] }>;
    };
    const { messages } = await publint({ pkgDir: own, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  it('are the types wrong', async () => {
    const attw = tool('@arethetypeswrong/cli', 'dist/index.js');
    // Into a file: it ends without waiting for a pipe, and what it says is long.
    const file = path.join(folder, 'attw.json');
    const to = openSync(file, 'w');
    await new Promise((resolve) => {
      const stdio = ['ignore', to, 'inherit'] as const;
      spawn(process.execPath, [attw, packed.file, '--format', 'json'], { stdio: [...stdio] }).once('exit', resolve);
    });
    closeSync(to);
    const out = readFileSync(file, 'utf8');
    const { analysis } = JSON.parse(out) as { analysis: { problems: Problem[] } };
    const found = analysis.problems.map(
      ({ kind, entrypoint, resolutionKind }) => `${kind} ${entrypoint} ${resolutionKind}`,
    );
    expect(found.filter((problem) => !ARGUED.includes(problem))).toEqual([]);
  }, 120_000);
});

interface Problem {
  kind: string;
  entrypoint?: string;
  resolutionKind?: string;
}
