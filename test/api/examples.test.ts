/** The examples of the public functions, one each, and those of the documents: all pass the type check, and all run. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as benchEntry from '../../lib/api/bench.js';
import * as datasets from '../../lib/api/datasets.js';
import * as draw from '../../lib/api/draw.js';
import * as evaluation from '../../lib/api/evaluation.js';
import * as explain from '../../lib/api/explain.js';
import * as main from '../../lib/index.js';
import { writeVoc } from '../../scripts/datasets/fixtures.mjs';
import type { Documented } from './examples.js';
import { documented, entries, lib, written } from './examples.js';

const exported: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'invseg-native': main,
  'invseg-native/bench': benchEntry,
  'invseg-native/datasets': datasets,
  'invseg-native/draw': draw,
  'invseg-native/evaluation': evaluation,
  'invseg-native/explain': explain,
};
const all: Documented[] = Object.entries(exported).flatMap(([entry, exports]) => documented(entry, exports));
const root = path.dirname(lib);
const documents = ['README.md', ...readdirSync(path.join(root, 'docs')).map((file) => `docs/${file}`)].filter((file) =>
  file.endsWith('.md'),
);
const texts = documents.flatMap(written);
/** They write gigabytes, or want several GPUs: they are checked, not run. */
const elsewhere = new Set(['invseg-native/bench randomModel', 'docs/performance.md 1']);
const folder = mkdtempSync(path.join(tmpdir(), 'invseg-examples-'));
const fileOf = (name: string): string => `${name.replaceAll(/[^\w]+/g, '-')}.ts`;

afterAll(() => rmSync(folder, { recursive: true }));

describe('what is exported', () => {
  it('is that of every entry of the package', () => {
    expect(Object.keys(exported).sort()).toEqual(Object.keys(entries).sort());
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'invseg-native Segmenter',
        'invseg-native Segmenter.segmentAll',
        'invseg-native/draw drawHeat',
      ]),
    );
    expect(texts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['README.md 3', 'docs/vision-language.md 1', 'docs/performance.md 1']),
    );
  });

  it('has one example each', () => {
    expect(all.filter(({ examples }) => examples.length !== 1).map(({ name }) => name)).toEqual([]);
  });

  it('says what it is given', () => {
    const signature =
      /^invseg-native(\/\w+)? (?!InvSegError$|Segmenter$|SegmenterPool$|VisionLanguage$|OpenedNames$|OwnedPool$)/;
    const silent = all.filter(({ name, comment }) => signature.test(name) && !/@(param|returns|throws)/.test(comment));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('stands in docs/api with its example (else: npm run docs)', () => {
    const pages = new Map(
      Object.keys(entries).map((entry) => [entry, readFileSync(path.join(root, 'docs/api', `${entry}.md`), 'utf8')]),
    );
    const old = all.filter(({ name, examples }) => !pages.get(name.split(' ')[0]!)!.includes(examples[0]!));
    expect(old.map(({ name }) => name)).toEqual([]);
    for (const page of pages.values()) expect(page).not.toContain(root);
  });

  it('lists every code of an error', () => {
    const text = readFileSync(path.join(lib, 'errors.ts'), 'utf8');
    const [, codes = ''] = /const codes = \[([^]*?)\] as const/.exec(text) ?? [];
    const [, comment = ''] = /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport type ErrorCode/.exec(text) ?? [];
    const found = [...codes.matchAll(/'(\w+)'/g)].map(([, code]) => code!);
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter((code) => !comment.includes(`\`${code}\``))).toEqual([]);
  });
});

it('the examples pass the type check', () => {
  const types = path.join(folder, 'types');
  mkdirSync(types);
  for (const { name, examples } of [...all, ...texts])
    writeFileSync(path.join(types, fileOf(name)), `${examples[0]}\nexport {};\n`);
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: true,
      rootDir: '/',
      typeRoots: [path.join(root, 'node_modules/@types')],
      paths: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, [file]])),
    },
    include: ['*.ts'],
  };
  writeFileSync(path.join(types, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(path.join(types, 'package.json'), '{ "type": "module" }');
  const check = (): string => {
    try {
      return execFileSync(process.execPath, [path.join(root, 'node_modules/typescript/bin/tsc'), '-p', types], {
        encoding: 'utf8',
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };
  expect(check()).toBe('');
});

/** The files that the examples name: cat.jpg, VOCdevkit, captions.json, runs and models. */
describe('the examples run', () => {
  const before = process.cwd();
  const printed = new Map<number, string>();
  const image = (number: string): string => path.join(root, 'models/miniature-pictures/images', `${number}.jpg`);

  beforeAll(async () => {
    process.chdir(folder);
    mkdirSync('photos');
    mkdirSync('models');
    for (const [number, file] of Object.entries({ '0000': 'photos/a.jpg', '0001': 'cat.jpg', '0002': 'street.jpg' }))
      copyFileSync(image(number), file);
    for (const name of ['clip-vit-large-patch14', 'blip-large'])
      symlinkSync(path.join(root, 'models/miniature'), path.join('models', name));
    writeFileSync('captions.json', JSON.stringify({ cat: 'A cat beside a potted plant.' }));
    await writeVoc('.', { count: 4 });
    await using segmenter = await main.Segmenter.open({ device: 'cpu', threads: 2 });
    const dataset = await datasets.openDataset({ kind: 'voc', root: 'VOCdevkit' });
    const run = (out: string, steps: number) =>
      evaluation.evaluate({ segmenter, dataset, out, sample: 3, options: { steps } });
    await run('runs/a', 0);
    await run('runs/b', 1);
    for (const file of ['bench.json', 'bench-new.json']) {
      const report = await benchEntry.bench({
        segmenter,
        picture: 'cat.jpg',
        categories: ['cat'],
        images: 1,
        warmup: 0,
      });
      writeFileSync(file, JSON.stringify(report));
    }
    const say = (line: number, ...values: unknown[]): void => void printed.set(line, format(...values));
    Object.assign(globalThis, { say });
  });

  afterAll(() => {
    process.chdir(before);
    Reflect.deleteProperty(globalThis, 'say');
  });

  it.each([...all, ...texts].filter(({ name }) => !elsewhere.has(name)))('$name', async ({ name, examples }) => {
    const lines = examples[0]!.split('\n');
    const code = lines.map((line, i) =>
      line
        .replace(/ from '(invseg-native[\w/]*)'/, (_, entry: string) => ` from '${entries[entry]!}'`)
        .replace(/\bconsole\.log\(/, `globalThis.say(${i}, `),
    );
    printed.clear();
    const file = path.join(folder, fileOf(name));
    writeFileSync(file, code.join('\n'));
    await import(/* @vite-ignore */ file);
    // A comment that is a value says what is printed.
    for (const [i, line] of lines.entries()) {
      const [, value] = /console\.log\(.*\); \/\/ (-?[\d.]+|true|false|auto|\[[^…/]*\]|\{.*\})$/.exec(line) ?? [];
      if (value !== undefined) expect(printed.get(i), line).toBe(value);
    }
    if (lines.some((line) => line.includes('console.log('))) expect(printed.size).toBeGreaterThan(0);
  });
});
