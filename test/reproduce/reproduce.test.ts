import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDataset } from '../../lib/datasets/index.js';
import { InvSegError } from '../../lib/errors.js';
import { evaluate } from '../../lib/evaluation/index.js';
import { createNameSource } from '../../lib/names/index.js';
import type { NamesOffer, ReproduceOptions, Table } from '../../lib/reproduce/index.js';
import { gridTable, reproduce, tables } from '../../lib/reproduce/index.js';
import { differenceOf, spreadOf } from '../../lib/reproduce/spread.js';
import { thresholds } from '../../lib/reproduce/sweep.js';
import type { SegmentOptions } from '../../lib/segmenter/types.js';
import { FakeSegmenter, journalLines, makeFolder } from '../evaluation/fake.js';

const PICTURES = 4;
let root: string;
let out: string;
let truth: NamesOffer;
beforeAll(async () => {
  root = await makeFolder(PICTURES);
  const { vocabulary, hasBackground } = await open();
  truth = {
    label: 'truth',
    identity: 'truth',
    open: () => createNameSource('ground-truth', { vocabulary, hasBackground }),
  };
});
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => void (out = path.join(root, 'out')));
afterEach(() => rmSync(out, { recursive: true, force: true }));

const open = () => openDataset({ kind: 'folder', root });
const named = (...names: string[]): Table[] => tables.filter(({ name }) => names.includes(name));

/** Sees other things with another α or seed, as a real one does. */
class Sensitive extends FakeSegmenter {
  override segment(input: unknown, options: SegmentOptions) {
    this.behaviour.salt = Math.round((options.loss?.alpha ?? 1) * 10) + (options.seed ?? 0);
    return super.segment(input, options);
  }
}

async function run(more: Partial<ReproduceOptions> & Pick<ReproduceOptions, 'tables'>) {
  const segmenter = new Sensitive();
  segmenter.info.model.resolutions = [64, 32, 16, 8];
  const results = await reproduce({
    segmenters: [segmenter],
    training: { 16: 1 },
    dataset: await open(),
    out,
    names: { standard: truth, 'ground-truth': truth },
    ...more,
  });
  return { results, calls: segmenter.calls };
}

describe('reproduce', () => {
  it('gives the figures of evaluate, and runs equal rows once', async () => {
    const { results, calls } = await run({ tables: named('table2', 'table3', 'table6') });
    expect(calls).toBe(PICTURES * (5 + 3 + 3));
    expect(readdirSync(path.join(out, 'runs'))).toHaveLength(11);
    const segmenter = new Sensitive();
    const alone = await evaluate({
      segmenter,
      dataset: await open(),
      out: path.join(out, 'alone'),
      options: { preset: 'paper', loss: { alpha: 10 }, attention: { training: { 16: 1 } } },
    });
    const row = results[0]!.rows[3]!;
    expect(row.ours).toMatchObject({
      mIoU: { value: alone.mIoU, interval: alone.mIoU95 },
      mAcc: { value: alone.mAcc },
      aAcc: { value: alone.aAcc },
    });
    expect(row.ours!.seconds).toBeGreaterThan(0.006 * PICTURES * 0.99); // the fake's own 6 ms, and finding names
    expect(row.ours!.difference!.value).toBeCloseTo(alone.mIoU! - results[0]!.rows[2]!.ours!.mIoU.value!, 12);
    expect(row.ours!.difference!.interval).toHaveLength(2);
    const standard = results.map(({ rows, reference }) => rows.find(({ number }) => number === reference)!);
    expect(standard.map((one) => [one.standard, one.ours!.mIoU.value, one.ours!.difference])).toEqual(
      Array(3).fill([true, standard[0]!.ours!.mIoU.value, undefined]),
    );
  });

  it('goes on where it ended, and does nothing twice', async () => {
    const stop = new AbortController();
    let seen = 0;
    const aborted = run({
      tables: named('table2'),
      signal: stop.signal,
      onProgress: () => void (++seen === 10 && stop.abort()),
    });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    const done = readdirSync(path.join(out, 'runs')).reduce(
      (sum, slug) => sum + journalLines(path.join(out, 'runs', slug, 'seed-0')).length - 1,
      0,
    );
    expect(done).toBeGreaterThan(PICTURES);
    const left: number[] = [];
    const rest = await run({ tables: named('table2'), onProgress: (progress) => void left.push(progress.left) });
    expect([Math.max(...left), left.at(-1)]).toEqual([5 * PICTURES - done, 0]);
    expect(rest.calls).toBe(5 * PICTURES - done);
    const again = await run({ tables: named('table2') });
    expect([again.calls, again.results]).toEqual([0, rest.results]);
  });

  it('gives mean and deviation over seeds, and differences seed by seed', async () => {
    const { results, calls } = await run({ tables: named('table2'), seeds: [3, 5], sample: 3 });
    expect(calls).toBe(5 * 2 * 3);
    const [first, , standard] = results[0]!.rows.map(({ ours }) => ours!);
    const [a, b] = first!.runs.map(({ mIoU }) => mIoU!) as [number, number];
    expect(a).not.toBe(b);
    expect(first!.runs.map(({ seed, folder }) => [seed, folder.split(path.sep).at(-1)])).toEqual([
      [3, 'seed-3-of-3'],
      [5, 'seed-5-of-3'],
    ]);
    expect(first!.mIoU.value).toBeCloseTo((a + b) / 2, 12);
    expect(first!.mIoU.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    const [c, d] = standard!.runs.map(({ mIoU }) => mIoU!) as [number, number];
    expect(first!.difference!.value).toBeCloseTo((a - c + b - d) / 2, 12);
    expect(first!.difference!.deviation).toBeCloseTo(Math.abs(a - c - (b - d)) / Math.SQRT2, 12);
  });

  it('marks a row whose names are missing, and goes on with the others', async () => {
    const missing: NamesOffer = {
      label: 'captions',
      identity: 'captions',
      open: () =>
        Promise.resolve({
          description: 'captions of other.json',
          knows: () => false,
          namesFor: () => Promise.reject(new InvSegError('NAMES_NOT_FOUND', 'no')),
        }),
    };
    const grid = gridTable(['baseline'], ['captions', 'ground-truth']);
    const { results } = await run({ tables: [grid], names: { captions: missing, 'ground-truth': truth } });
    expect(results[0]!.rows.map(({ notRun, ours }) => [notRun, ours === undefined])).toEqual([
      [expect.stringMatching(/found none for any of .* in captions of other\.json/), true],
      [undefined, false],
    ]);
  });

  it('shares the runs among several segmenters', async () => {
    const segmenters = [new Sensitive({ delay: 5 }), new Sensitive({ delay: 5 })];
    for (const { info } of segmenters) info.model.resolutions = [64, 32, 16, 8];
    const { results } = await run({ tables: named('table2'), segmenters, seeds: [0, 1] });
    const calls = segmenters.map((one) => one.calls);
    expect(calls[0]! + calls[1]!).toBe(5 * 2 * PICTURES);
    expect(Math.min(...calls)).toBeGreaterThan(0);
    rmSync(out, { recursive: true });
    const alone = await run({ tables: named('table2'), seeds: [0, 1] });
    const figures = (list: typeof results) =>
      list[0]!.rows.map(({ ours }) => [ours!.mIoU, ours!.difference, ours!.runs.map(({ seed }) => seed)]);
    expect(figures(results)).toEqual(figures(alone.results));
  });

  it('ends all of them with the first error', async () => {
    const segmenters = [
      new Sensitive({ delay: 20 }),
      new Sensitive({
        onCall: (call) => {
          if (call === 2) throw new InvSegError('OUT_OF_MEMORY', 'no memory');
        },
      }),
    ];
    for (const { info } of segmenters) info.model.resolutions = [64, 32, 16, 8];
    await expect(run({ tables: named('table2'), segmenters })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(segmenters[0]!.calls).toBeLessThan(PICTURES);
    await expect(run({ tables: named('table2'), segmenters: [] })).rejects.toThrow(/at least one segmenter/);
    await expect(run({ tables: named('table2'), names: {} })).rejects.toThrow(/None of the rows can run/);
  });

  it('refuses runs of another model', async () => {
    await run({ tables: named('table3') });
    await expect(
      run({ tables: named('table3'), identity: { weights: 'others', manifest: 'm', code: 'c', tokenizer: 't' } }),
    ).rejects.toThrow(/made with other settings: weights/);
  });
});

/** Knows how sure it is of the best name of each pixel; below the threshold it is background. */
class Unsure extends FakeSegmenter {
  override async segment(input: unknown, options: SegmentOptions) {
    const result = await super.segment(input, { ...options, seed: 0 });
    const background = result.categories.length - 1;
    const { data } = input as { data: Uint8Array };
    const strength = Float32Array.from(result.labels, (_, i) => (data[3 * i]! % 101) / 100);
    const foreground = result.labels.map((_, i) => data[3 * i + 1]! % background);
    const threshold = options.background!.threshold!;
    const labels = foreground.map((label, i) => (strength[i]! < Math.fround(threshold) ? background : label));
    return { ...result, labels, ...(options.saveStrengths && { strengths: { foreground, strength, background } }) };
  }
}

describe('sweep', () => {
  it('finds the best threshold of one run, as many runs would', async () => {
    const segmenter = new Unsure();
    const tried = await Promise.all(
      thresholds.map(async (backgroundThreshold) => {
        const alone = await evaluate({
          segmenter: new Unsure(),
          dataset: await open(),
          out: path.join(root, 'sweeps', String(backgroundThreshold)),
          options: { method: 'diffsegmenter', background: { threshold: backgroundThreshold } },
        });
        return { threshold: backgroundThreshold, mIoU: alone.mIoU!, mAcc: alone.mAcc!, mIoU95: alone.mIoU95 };
      }),
    );
    const best = tried.reduce((a, b) => (b.mIoU > a.mIoU ? b : a));
    const fixed = tried.find(({ threshold }) => threshold === 0.5)!;
    expect(best.mIoU).toBeGreaterThan(fixed.mIoU);
    const rows = [14, 15];
    const {
      results: [table],
    } = await run({ tables: named('table1'), rows, segmenters: [segmenter] });
    expect(segmenter.calls).toBe(PICTURES);
    expect(table!.rows.map(({ ours }) => [ours!.mIoU, ours!.mAcc.value])).toEqual([
      [{ value: fixed.mIoU, interval: fixed.mIoU95 }, fixed.mAcc],
      [{ value: best.mIoU, interval: best.mIoU95 }, best.mAcc],
    ]);
    expect(table!.rows[1]).toMatchObject({ remark: `threshold ${best.threshold}` });
    expect((await run({ tables: named('table1'), rows, segmenters: [segmenter] })).results[0]).toEqual(table);
    expect(segmenter.calls).toBe(PICTURES);
  });

  it('is nothing for a method that does not say how sure it is', async () => {
    const {
      results: [table],
    } = await run({ tables: named('table1'), rows: [14, 15] });
    expect(table!.rows.map(({ notRun }) => notRun)).toEqual([undefined, 'the run has no thresholds to sweep']);
  });
});

describe('spread', () => {
  it("is the sample's", () => {
    expect(spreadOf([0.2, 0.4, 0.9])).toEqual({ value: 0.5, deviation: expect.closeTo(Math.sqrt(0.13), 12) });
    expect(spreadOf([0.3])).toEqual({ value: 0.3 });
    expect([spreadOf([]), spreadOf([0.1, null])]).toEqual([{ value: null }, { value: null }]);
  });

  it('pairs differences by seed', () => {
    const runs = (values: Record<number, number | null>) =>
      Object.entries(values).map(
        ([seed, mIoU]) => ({ seed: Number(seed), mIoU }) as Parameters<typeof differenceOf>[0][number],
      );
    expect(differenceOf(runs({ 0: 0.5, 1: 0.9 }), runs({ 1: 0.7, 0: 0.4 })).value).toBeCloseTo(0.15, 12);
    expect(differenceOf(runs({ 0: 0.5 }), runs({ 1: 0.7 })).value).toBeNull();
  });
});
