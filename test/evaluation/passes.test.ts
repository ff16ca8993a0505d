/** Several pictures in one pass: the counts of one at a time, also where memory runs out and where one picture fails. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { ClassIndex } from '../../lib/evaluation/class-index.js';
import { InProcess } from '../../lib/evaluation/in-process.js';
import type { EvaluateOptions, Evaluation } from '../../lib/evaluation/index.js';
import { evaluate } from '../../lib/evaluation/index.js';
import { RemoteEngine } from '../../lib/evaluation/remote.js';
import type { Evaluated } from '../../lib/evaluation/types.js';
import { createNameSource } from '../../lib/names/index.js';
import { resolveOptions } from '../../lib/options/index.js';
import { FakeSegmenter, idOf, journalLines, makeFolder } from './fake.js';

const PICTURES = 21;
let root: string;
let out: string;
let dataset: Dataset;
beforeAll(async () => {
  root = await makeFolder(PICTURES);
  dataset = await openDataset({ kind: 'folder', root });
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => void (out = path.join(root, 'out')));
afterEach(() => rmSync(out, { recursive: true, force: true }));

const run = (options: Partial<EvaluateOptions> = {}): Promise<Evaluation> =>
  evaluate({ segmenter: new FakeSegmenter(), dataset, out, ...options });
const timeless = ({ milliseconds: _, ...rest }: Evaluation): unknown => rest;
const alone = async (): Promise<Evaluation> => {
  const evaluation = await run();
  rmSync(out, { recursive: true });
  return evaluation;
};
const idsOf = (folder: string): string[] =>
  journalLines(folder)
    .slice(1)
    .map((line) => (JSON.parse(line) as { id: string }).id);

describe('pictures in one pass', () => {
  it.each([2, 8, 64])('count as they do one at a time: %i', async (batch) => {
    const first = await alone();
    const segmenter = new FakeSegmenter();
    expect(timeless(await run({ segmenter, batch }))).toEqual(timeless(first));
    // The last pass has the rest.
    const sizes = segmenter.passes.concat(Array.from({ length: segmenter.calls }, () => 1));
    expect(Math.max(...sizes)).toBe(Math.min(batch, PICTURES));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(PICTURES);
    expect(sizes).toHaveLength(Math.ceil(PICTURES / batch));
    expect(idsOf(out)).toEqual(dataset.ids);
  });

  it('become half as many where memory runs out, and the report says so', async () => {
    const first = await alone();
    const segmenter = new FakeSegmenter({ holds: 3 });
    const evaluation = await run({ segmenter, batch: 8 });
    expect({ ...(timeless(evaluation) as object), warnings: [] }).toEqual({
      ...(timeless(first) as object),
      warnings: [],
    });
    // 8 do not fit, nor do 4; from then on 2, and none is asked for more again.
    expect(segmenter.passes.slice(0, 3)).toEqual([8, 4, 2]);
    expect(Math.max(...segmenter.passes.slice(2))).toBe(2);
    const messages = evaluation.warnings.map(({ message }) => message);
    expect(messages).toContain('Out of memory with 8 images in one pass of the engine; from then on 4 in one');
    expect(messages).toContain('Out of memory with 4 images in one pass of the engine; from then on 2 in one');
  });

  it('end the run where memory does not hold one', async () => {
    const segmenter = new FakeSegmenter({ holds: 0 });
    await expect(run({ segmenter, batch: 4 })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(segmenter.passes).toEqual([4, 2]);
  });

  it('fail alone, also where one of them makes the whole pass fail', async () => {
    for (const together of [false, true]) {
      const spoils = (rgb: ArrayLike<number>): boolean => rgb[0]! === marks[5] && rgb[1]! === seconds[5];
      const segmenter = new FakeSegmenter({ spoils, together });
      const skipping = await openDataset({ kind: 'folder', root, onProblem: 'skip' });
      const { pictures, skipped } = await run({ segmenter, dataset: skipping, batch: 4 });
      expect(pictures).toMatchObject({ evaluated: PICTURES - 1, skipped: 1 });
      expect(skipped).toMatchObject([{ id: idOf(5), code: 'NOT_FINITE' }]);
      rmSync(out, { recursive: true });
    }
  });

  it('go on after an abort with the counts of one go; what was counted is in the journal', async () => {
    const first = await alone();
    const stop = new AbortController();
    const segmenter = new FakeSegmenter({ onPass: (pass) => pass === 3 && stop.abort() });
    await expect(run({ segmenter, batch: 4, signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(idsOf(out)).toEqual(dataset.ids.slice(0, 8));
    const again = new FakeSegmenter();
    expect(timeless(await run({ segmenter: again, batch: 8 }))).toEqual(timeless(first));
    expect(again.passes).toEqual([8, 5]);
  });

  it('are read while the pass before runs, no more than the next pass', async () => {
    let read = 0;
    const most: number[] = [];
    const counted: Dataset = Object.assign(Object.create(dataset) as Dataset, {
      item: (id: string) => (read++, dataset.item(id)),
    });
    const onPass = (pass: number): void => void (most[pass] = read);
    await run({ segmenter: new FakeSegmenter({ onPass, delay: 20 }), dataset: counted, batch: 4 });
    for (const pass of [1, 2, 3, 4]) expect(most[pass]! - 4 * pass).toBe(4);
  });

  it('are as many as the pool was opened for, unless the call says otherwise', async () => {
    const names = await createNameSource('ground-truth', dataset);
    for (const [own, asked, first] of [
      [4, undefined, 4],
      [4, 2, 2],
      [undefined, 3, 3],
    ] as const) {
      const segmenter = new FakeSegmenter();
      await run({ segmenter: undefined, pool: new InProcess(segmenter, dataset, names, own), batch: asked });
      expect(segmenter.passes[0]).toBe(first);
      rmSync(out, { recursive: true });
    }
  });

  it.each([0, 65, 1.5, '4'])('are not %j', async (batch) => {
    await expect(run({ batch: batch as number })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('need a segmenter that takes several', async () => {
    const { segmentAll: _, ...one } = Object.assign(
      Object.create(null) as object,
      new FakeSegmenter(),
    ) as FakeSegmenter;
    const segmenter: Evaluated = { ...one, segment: () => Promise.reject(new Error('not asked')) };
    await expect(run({ segmenter, batch: 2 })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('segmentAll') as string,
    });
  });
});

describe('an engine that is asked for several pictures', () => {
  async function engine(segmenter: FakeSegmenter, batch: number): Promise<RemoteEngine> {
    const names = await createNameSource('ground-truth', dataset);
    const classIndex = new ClassIndex(dataset);
    return new RemoteEngine({
      segmenter,
      dataset,
      names,
      classIndex,
      options: resolveOptions({}),
      batch,
      signal: undefined,
    });
  }

  it('puts those that wait into one pass, and answers each', async () => {
    const segmenter = new FakeSegmenter({ delay: 5 });
    const remote = await engine(segmenter, 4);
    const results = await Promise.all(dataset.ids.map((id, place) => remote.work({ id, place })));
    expect(results.map((one) => ('record' in one ? one.record.id : one.failure))).toEqual(dataset.ids);
    expect(segmenter.passes).toEqual([4, 4, 4, 4, 4]);
    expect(segmenter.calls).toBe(1);
  });

  it('answers for a picture that it has not, beside others', async () => {
    const remote = await engine(new FakeSegmenter(), 4);
    const asked = ['nobody', idOf(0), idOf(1)].map((id, place) => remote.work({ id, place }));
    const results = await Promise.all(asked);
    expect(results.map((one) => 'failure' in one)).toEqual([true, false, false]);
  });
});

/** First two bytes of each picture, by which the fake knows one. */
const marks = Array.from({ length: PICTURES }, (_, i) => (Math.imul(1, 2654435761 + i * 40503) >>> 11) & 255);
const seconds = Array.from({ length: PICTURES }, (_, i) => (Math.imul(2, 2654435761 + i * 40503) >>> 11) & 255);

it('the fake knows one picture', () => {
  expect(marks.filter((mark, i) => mark === marks[5] && seconds[i] === seconds[5])).toHaveLength(1);
});
