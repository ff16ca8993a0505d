/** Every function that the package exports, with what callers without types may pass: its error is ours, with a code. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as api from './api.js';
import { makeFolder } from './diagnose/folder.js';

const root = mkdtempSync(path.join(tmpdir(), 'invseg-api-'));
let segmenter: api.Segmenter;
let dataset: api.Dataset;
beforeAll(async () => {
  makeFolder(root, 1);
  segmenter = await api.Segmenter.open({ device: 'cpu', threads: 1 });
  dataset = await api.openDataset({ kind: 'folder', root });
});
afterAll(async () => {
  await segmenter.dispose();
  rmSync(root, { recursive: true });
});

/** None of these is a right first argument of anything; `undefined` is left out where it stands for a default. */
const odd: [string, unknown][] = [
  ['null', null],
  ['a number', 7],
  ['NaN', NaN],
  ['a list', []],
  ['an object without fields', {}],
  ['an object without a prototype', Object.create(null)],
  ['an object that cannot become text', JSON.parse('{"toString":null,"valueOf":null}')],
  ['a function', () => {}],
  ['a symbol', Symbol('x')],
  ['bytes', new Uint8Array(3)],
];

/** The first error of the call that is not ours, or undefined. Some odd values are right somewhere: no error is fine. */
async function foreign(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    const ours = error instanceof api.InvSegError && error.code !== 'INTERNAL';
    return ours ? undefined : error;
  }
}

const picture = () => ({ data: new Uint8Array(12), width: 2, height: 2, channels: 3 });
const isClass = (value: unknown): boolean => typeof value === 'function' && /^class\b/.test(String(value));

describe('every exported function', () => {
  const functions = Object.entries(api).filter(([, value]) => typeof value === 'function' && !isClass(value)) as [
    string,
    (...args: unknown[]) => unknown,
  ][];

  it('is among those that are tried', () => {
    expect(functions.map(([name]) => name)).toEqual(
      expect.arrayContaining(['evaluate', 'explain', 'diagnose', 'maskOf', 'encodeLabels', 'openDataset']),
    );
  });

  it.each(functions)('%s', async (_, call) => {
    expect(await foreign(() => call(undefined))).toBeUndefined();
    for (const [what, value] of odd) expect(await foreign(() => call(value)), what).toBeUndefined();
  });
});

describe('arguments and options behind the first', () => {
  const calls: [string, (value: unknown) => unknown][] = [
    ['Segmenter.open', (value) => api.Segmenter.open(value as never).then((opened) => opened.dispose())],
    ['SegmenterPool.open', (value) => api.SegmenterPool.open(value as never).then((opened) => opened.dispose())],
    [
      'SegmenterPool.open, devices',
      (value) => api.SegmenterPool.open({ devices: value } as never).then((opened) => opened.dispose()),
    ],
    ['VisionLanguage.open', (value) => api.VisionLanguage.open(value as never)],
    ['VisionLanguage.open, clip', (value) => api.VisionLanguage.open({ clip: value } as never)],
    ['segment, the image', (value) => segmenter.segment(value as never, { categories: ['cat'], steps: 0 })],
    ['segment, the options', (value) => segmenter.segment(picture(), value as never)],
    ...['categories', 'signal', 'onProgress', 'preset', 'views', 'attention', 'saveMaps'].map(
      (key): [string, (value: unknown) => unknown] => [
        `segment, ${key}`,
        (value) => segmenter.segment(picture(), { categories: ['cat'], steps: 0, [key]: value } as never),
      ],
    ),
    ['explain, the options', (value) => api.explain(segmenter, picture(), value as never)],
    ...['mask', 'maskNames', 'points', 'methods', 'palette', 'onProgress'].map(
      (key): [string, (value: unknown) => unknown] => [
        `explain, ${key}`,
        (value) =>
          api.explain(segmenter, picture(), {
            categories: ['cat'],
            steps: 0,
            methods: ['baseline'],
            mask: new Uint8Array(4),
            [key]: value,
          } as never),
      ],
    ),
    ['decodeImage, the options', (value) => api.decodeImage(picture(), value as never)],
    ['evaluate, dataset', (value) => api.evaluate({ segmenter, out: path.join(root, 'out'), dataset: value } as never)],
    ['evaluate, out', (value) => api.evaluate({ segmenter, dataset, out: value } as never)],
    ['diagnose, dataset', (value) => api.diagnose(segmenter, { dataset: value } as never)],
    [
      'diagnose, variants',
      (value) => api.diagnose(segmenter, { dataset, sample: 1, inversion: false, variants: value } as never),
    ],
    [
      'diagnose, sample',
      (value) => api.diagnose(segmenter, { dataset, sample: value, inversion: false, variants: [] } as never),
    ],
    [
      'diagnose, options',
      (value) =>
        api.diagnose(segmenter, {
          dataset,
          sample: 1,
          inversion: false,
          variants: api.defaultVariants.slice(0, 1),
          options: value,
        } as never),
    ],
    [
      'reproduce, dataset',
      (value) => api.reproduce({ segmenters: [segmenter], out: path.join(root, 'out'), dataset: value } as never),
    ],
    ['mergeRuns, runs', (value) => api.mergeRuns({ out: path.join(root, 'merged'), runs: value } as never)],
    ['compareRuns, the second run', (value) => (api.compareRuns as (...args: unknown[]) => unknown)(root, value)],
    ['createNameSource, categories', (value) => api.createNameSource('given', { categories: value } as never)],
    [
      'createNameSource, captions',
      async (value) =>
        api.createNameSource('captions', { vocabulary: await api.loadVocabulary('voc'), captions: value } as never),
    ],
    ['openDataset, root', (value) => api.openDataset({ kind: 'voc', root: value } as never)],
    ['checkDataset, the options', (value) => api.checkDataset({ kind: 'folder', root }, value as never)],
    ['chooseVariants, resolutions', (value) => api.chooseVariants('all', value as never)],
    ['modelIdentity, the options', (value) => api.modelIdentity(undefined, value as never)],
    ['modelIdentity, trustCode', (value) => api.modelIdentity(undefined, { trustCode: value } as never)],
    [
      'maskOf, index',
      (value) => api.maskOf({ width: 1, height: 1, categories: ['a'], labels: new Uint8Array(1) }, value as never),
    ],
  ];

  it.each(calls)('%s', async (_, call) => {
    for (const [what, value] of odd) expect(await foreign(() => call(value)), what).toBeUndefined();
  });
});
