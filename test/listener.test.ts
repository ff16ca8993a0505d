import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDataset, openDataset } from '../lib/datasets/index.js';
import { evaluate } from '../lib/evaluation/index.js';
import { Listener } from '../lib/listener.js';
import { Segmenter } from '../lib/segmenter/segmenter.js';
import { FakeSegmenter, makeFolder } from './evaluation/fake.js';
import { FakeEngine, fakeParts, picture } from './segmenter/fake.js';

const unhandled: unknown[] = [];
const hear = (reason: unknown): void => void unhandled.push(reason);
// The runner's own listener would end the file.
let others: NodeJS.UnhandledRejectionListener[];
beforeEach(() => {
  others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', hear);
  unhandled.length = 0;
});
afterEach(() => {
  process.off('unhandledRejection', hear);
  for (const other of others) process.on('unhandledRejection', other);
});
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const wrong = new Error('of the caller');

describe('a listener', () => {
  it('hands on what is thrown, and later what was rejected, once', async () => {
    expect(() =>
      new Listener(() => {
        throw wrong;
      }).tell(),
    ).toThrow(wrong);
    let calls = 0;
    const listener = new Listener(async () => {
      calls++;
      throw wrong;
    });
    listener.tell();
    await later();
    expect(() => listener.tell()).toThrow(wrong);
    expect(calls).toBe(1);
    await expect(listener.settle()).rejects.toBe(wrong);
    expect(unhandled).toEqual([]);
  });
  it('waits for what async callbacks still do', async () => {
    let done = 0;
    const listener = new Listener(async () => {
      await later();
      done++;
    });
    listener.tell();
    listener.tell();
    await listener.settle();
    expect(done).toBe(2);
  });
  it('needs none', async () => {
    const listener = new Listener(undefined);
    listener.tell();
    await listener.settle();
  });
});

describe('an async onProgress that rejects ends the call, and nothing is left unhandled:', () => {
  it.each([
    [0, 'decode'],
    [3, 'step'],
    [1000, 'predict'],
  ] as const)('segment, after %i calls or in %s', async (after, stage) => {
    const engine = new FakeEngine({ delay: 1 });
    const segmenter = Segmenter.of(fakeParts(engine));
    let calls = 0;
    const onProgress = async (progress: { stage: string }): Promise<void> => {
      if (calls++ >= after || (after === 1000 && progress.stage === stage)) throw wrong;
    };
    await expect(segmenter.segment(picture(), { categories: ['cat'], steps: 5, onProgress })).rejects.toBe(wrong);
    await later();
    expect(unhandled).toEqual([]);
    expect(engine.open).toBe(0);
    await expect(segmenter.segment(picture(), { categories: ['cat'], steps: 1 })).resolves.toBeDefined();
  });

  it('evaluate and checkDataset', async () => {
    const root = await makeFolder(3);
    const out = mkdtempSync(path.join(tmpdir(), 'invseg-listener-'));
    const dataset = await openDataset({ kind: 'folder', root });
    const onProgress = async (): Promise<void> => {
      throw wrong;
    };
    await expect(evaluate({ segmenter: new FakeSegmenter(), dataset, out, onProgress })).rejects.toBe(wrong);
    await expect(checkDataset({ kind: 'folder', root }, { onProgress })).rejects.toBe(wrong);
    await later();
    expect(unhandled).toEqual([]);
    for (const folder of [root, out]) rmSync(folder, { recursive: true });
  });
});
