import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Dataset } from '../../../lib/datasets/index.js';
import { openDataset } from '../../../lib/datasets/index.js';
import type { InvSegError } from '../../../lib/errors.js';
import type { WorkerFacts } from '../../../lib/evaluation/redis/check.js';
import { refusals } from '../../../lib/evaluation/redis/check.js';
import { decodeResult, encodeResult } from '../../../lib/evaluation/redis/jobs.js';
import { PictureProcessor } from '../../../lib/evaluation/redis/processor.js';
import { checkName, Registry, runName, settingsHash } from '../../../lib/evaluation/redis/registry.js';
import type { RemoteResult } from '../../../lib/evaluation/remote.js';
import { packLabels, unpackLabels } from '../../../lib/evaluation/remote.js';
import { selectPictures, settingsOf } from '../../../lib/evaluation/settings.js';
import type { RunSettings } from '../../../lib/evaluation/types.js';
import { makeFolder } from '../fake.js';
import { facts, recordOf } from '../fake-child.js';

const identity = { weights: 'ab', manifest: 'ab', code: 'ab', tokenizer: 'ab' };
let root: string;
let dataset: Dataset;
let worker: WorkerFacts;
let asked: RunSettings;
beforeAll(async () => {
  root = await makeFolder(5);
  dataset = await openDataset({ kind: 'folder', root });
  worker = { dataset, info: facts, names: 'a test', identity };
  const given = { dataset, sample: 3, seed: 7, options: { steps: 2, loss: { alpha: 0.1 } }, identity };
  // As it comes out of Redis.
  asked = JSON.parse(JSON.stringify(settingsOf(given, facts, selectPictures(given).ids, 'a test'))) as RunSettings;
});
afterAll(() => rmSync(root, { recursive: true }));

const place = { id: 'p1', place: 1 };
const good: RemoteResult = { record: recordOf(place), labels: new Uint8Array([1, 2, 250]) };

it('takes part where everything that counts is the same', async () => {
  expect(refusals(asked, worker)).toEqual([]);
  expect(
    refusals(asked, {
      ...worker,
      dataset: await openDataset({ kind: 'folder', root: `${root}/../${root.split('/').pop()}` }),
    }),
    'another root',
  ).toEqual([]);
  expect(refusals({ ...asked, unlisted: [{ id: 'x', code: 'DATASET_INVALID', message: 'twice' }] }, worker)).toEqual(
    [],
  );
});

it.each([
  ['manifest', { manifest: 'cd' }, /^manifest: .* with the same manifest\.json$/],
  ['code', { code: 'cd' }, /^code: .* with the same TorchScript$/],
  ['tokenizer', { tokenizer: 'cd' }, /^tokenizer: .* with the same files of the tokenizer$/],
  [
    'weights',
    { weights: 'cd' },
    /^weights: the run has "cd", this worker "ab"; name the same --model, with the same files$/,
  ],
  ['model', { model: 'other 1' }, /^model: .*"other 1"/],
  ['device', { device: 'cuda' }, /^device: .*choose another --device/],
  ['dtype', { dtype: 'bfloat16' }, /^dtype: /],
  ['names', { names: 'captions of a.json' }, /^names: .*--names/],
  ['protocol', { protocol: 'another' }, /^protocol: .*--dataset/],
  ['classes', { classes: ['background', 'cat'] }, /^classes: /],
  ['list', { list: '00' }, /^list: /],
  [
    'version',
    { version: '0.0.0', weights: 'cd' },
    /^version: the run has 0\.0\.0, this worker .*; install the same version/,
  ],
  ['options', { options: { steps: 'many' } }, /steps/],
] as const)('refuses other %s', (_, other, text) => {
  const found = refusals({ ...asked, ...other } as unknown as RunSettings, worker);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(text);
});

it('gives a picture that another host may be able to use to the next worker, and the last word to the last one', async () => {
  const ends: InvSegError[] = [];
  let pictures = 0;
  const process = (result: RemoteResult, attemptsMade: number, run = 'r') =>
    new PictureProcessor({
      engine: { work: async () => result },
      run: 'r',
      worker: 'here:1',
      onPicture: () => void pictures++,
      onEnd: (error) => ends.push(error),
    }).process({ data: { ...place, run }, opts: { attempts: 4 }, attemptsMade });
  const failure = (code: 'IMAGE_NOT_FOUND' | 'MASK_INVALID'): RemoteResult => ({
    failure: { code, message: 'p1: bad' },
  });
  expect(await process(good, 0)).toEqual({ ...good, labels: 'AQL6', worker: 'here:1' });
  await expect(process(failure('IMAGE_NOT_FOUND'), 2)).rejects.toThrow('IMAGE_NOT_FOUND: p1: bad (here:1)');
  expect(await process(failure('IMAGE_NOT_FOUND'), 3)).toMatchObject({
    failure: { code: 'IMAGE_NOT_FOUND', message: 'p1: bad (worker here:1)' },
  });
  expect(await process(failure('MASK_INVALID'), 0), 'no host reads that').toMatchObject({
    failure: { code: 'MASK_INVALID' },
  });
  await expect(process(good, 0, 'other')).rejects.toThrow('other settings');
  expect([pictures, ends.length]).toEqual([3, 0]);
});

it('ends a worker whose engine fails time after time, and only then', async () => {
  const ends: InvSegError[] = [];
  const results: RemoteResult[] = [];
  const counts: number[] = [];
  const one = new PictureProcessor({
    engine: { work: async () => results.shift()! },
    run: 'r',
    worker: 'here:1',
    onPicture: () => {},
    onEnd: (error) => ends.push(error),
  });
  const bad: RemoteResult = { failure: { code: 'OUT_OF_MEMORY', message: 'no memory' } };
  for (const result of [bad, bad, good, bad, bad, bad]) {
    results.push(result);
    const done = one.process({ data: { ...place, run: 'r' }, opts: { attempts: 4 }, attemptsMade: 0 });
    if (result === good) await done;
    else await expect(done).rejects.toThrow('OUT_OF_MEMORY');
    counts.push(ends.length);
  }
  expect(counts).toEqual([0, 0, 0, 0, 0, 1]);
  expect(ends[0]).toMatchObject({ code: 'WORKER_LOST', message: expect.stringContaining('3 images in a row') });
  expect(one.inHand).toBe(0);
});

it('takes only a result of the picture that was asked for', () => {
  const sent = JSON.parse(JSON.stringify(encodeResult(good, 'here'))) as unknown;
  expect(decodeResult(sent, place, 4)).toEqual({ record: recordOf(place), labels: Buffer.from([1, 2, 250]) });
  expect(decodeResult(encodeResult({ failure: { code: 'MASK_INVALID', message: 'bad' } }, 'here'), place, 4)).toEqual({
    failure: { code: 'MASK_INVALID', message: 'bad' },
  });
  for (const value of [
    undefined,
    null,
    'text',
    {},
    { record: recordOf({ id: 'p2', place: 1 }), labels: '' },
    { record: recordOf({ id: 'p1', place: 2 }), labels: '' },
    { record: recordOf(place) },
  ]) {
    expect(decodeResult(value, place, 4)).toBeUndefined();
  }
});

it.each<[string, object]>([
  ['losses', { losses: undefined }],
  ['milliseconds', { milliseconds: { load: 1 } }],
  ['the digest of a mask', { mask: 'x' }],
  [
    'positive counts',
    {
      counts: [
        [0, -1, 2, 2],
        [1, 0, 1, 1],
      ],
    },
  ],
  [
    'no more hits than pixels',
    {
      counts: [
        [0, 3, 2, 3],
        [1, 0, 1, 0],
      ],
      confused: [],
    },
  ],
  [
    'classes of the data set',
    {
      counts: [
        [0, 1, 2, 2],
        [4, 0, 1, 1],
      ],
      confused: [
        [0, 4, 1],
        [4, 0, 1],
      ],
    },
  ],
  [
    'each class once',
    {
      counts: [
        [0, 1, 2, 2],
        [0, 1, 2, 2],
      ],
    },
  ],
  ['predictions that are confused with something', { confused: [[0, 1, 1]] }],
  [
    'a truth of as many pixels',
    {
      confused: [
        [0, 1, 5],
        [1, 0, 1],
      ],
    },
  ],
  ['fewer pixels than any image', { counts: [[0, 1e9, 1e9, 1e9]], confused: [] }],
  [
    'whole numbers',
    {
      counts: [
        [0, 1.5, 2, 2],
        [1, 0, 1, 1],
      ],
    },
  ],
  ['numbers', { losses: [['1', 2, 3]] }],
  ['a few warnings', { warnings: Array.from({ length: 1001 }, () => 'x') }],
])('takes no result without %s', (_, change) => {
  const value = { record: { ...recordOf(place), ...change }, labels: '', worker: 'w' };
  expect(decodeResult(value, place, 4)).toBeUndefined();
});

it('takes no failure with a code that there is not', () => {
  expect(decodeResult({ failure: { code: 'constructor', message: 'x' } }, place, 4)).toBeUndefined();
  expect(decodeResult({ failure: { code: 'INTERNAL', message: 'x'.repeat(1e6) } }, place, 4)).toMatchObject({
    failure: { message: 'x'.repeat(10_000) },
  });
});

it('packs labels, and unpacks no more than the picture has', async () => {
  const labels = Uint8Array.from({ length: 500 * 375 }, (_, i) => (i % 500 < 200 ? 3 : 255));
  const packed = await packLabels(labels);
  expect(packed.length).toBeLessThan(3000);
  expect(Buffer.compare(await unpackLabels(packed, labels.length), labels)).toBe(0);
  await expect(unpackLabels(packed, labels.length - 1)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  await expect(unpackLabels(new Uint8Array([1, 2, 3]), 9)).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
});

it('names runs apart, and the same one alike', () => {
  const name = runName(asked, 'runs/a');
  expect(name).toMatch(/^folder-[0-9a-f]{12}$/);
  expect(runName(JSON.parse(JSON.stringify(asked)) as RunSettings, './runs/a')).toBe(name);
  expect(new Set([name, runName(asked, 'runs/b'), runName({ ...asked, seed: 8 }, 'runs/a')]).size).toBe(3);
  for (const bad of ['', 'a:b', 'a b', '../x', 'x'.repeat(101)])
    expect(() => checkName(bad)).toThrow(/Expected letters/);
});

it('passes over what others wrote into the list of runs', async () => {
  const deep = `{"settings":${'['.repeat(1e5)}${']'.repeat(1e5)},"seen":1}`;
  const whole = JSON.stringify({ settings: asked, seen: 1 });
  const hash = new Map([
    ['bad', 'no json'],
    ['other', '{"a":1}'],
    ['a:b', whole],
    ['deep', deep],
    ['null', 'null'],
    ['late', JSON.stringify({ settings: asked, seen: 'x' })],
    ['long', ' '.repeat(2 ** 23) + whole],
    ['none', '{"settings":{"classes":"x"},"seen":1}'],
  ]);
  const client = {
    // One entry a page.
    hscan: async (_: string, cursor: string) => {
      const entries = [...hash];
      const at = Number(cursor);
      return [at + 1 < entries.length ? String(at + 1) : '0', entries[at] ?? []];
    },
    hget: async (_: string, key: string) => hash.get(key) ?? null,
    hset: async (_: string, key: string, value: string) => void hash.set(key, value),
    hdel: async (_: string, key: string) => void hash.delete(key),
  };
  const registry = new Registry(client as unknown as ConstructorParameters<typeof Registry>[0]);
  await registry.put('mine', asked);
  const listed = await registry.list();
  expect([...listed.keys()]).toEqual(['none', 'mine']);
  expect(refusals(listed.get('none')!.settings, worker)).toHaveLength(1);
  expect(refusals({ ...asked, classes: 'x' } as never, worker)).toEqual([
    expect.stringContaining('expected the settings of an evaluation'),
  ]);
  expect(refusals({ version: { toString: 1 } } as never, worker)).toEqual([
    expect.stringContaining('the run has another one'),
  ]);
  expect(settingsHash((await registry.get('mine'))!.settings)).toBe(settingsHash(asked));
  expect(await registry.get('bad')).toBeUndefined();
  await registry.remove('mine');
  expect((await registry.list()).size).toBe(1);
  for (let i = 0; i < 3000; i++) hash.set(`r${i}`, whole);
  expect((await registry.list()).size).toBeLessThanOrEqual(1000);
});
