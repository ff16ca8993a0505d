import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { decode } from 'fast-png';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetOptions } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import type { Evaluation } from '../../lib/evaluation/index.js';
import { evaluate, pictureFiles } from '../../lib/evaluation/index.js';
import type { EvaluateOptions, EvaluateProgress } from '../../lib/evaluation/options.js';
import { decodeImage } from '../../lib/image/decode.js';
import { createNameSource } from '../../lib/names/index.js';
import { CLASSES, FakeSegmenter, HEIGHT, idOf, journalLines, makeFolder, seen, truthOf, WIDTH } from './fake.js';

const PICTURES = 24;
let root: string;
let out: string;
beforeAll(async () => void (root = await makeFolder(PICTURES)));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => void (out = path.join(root, 'out')));
afterEach(() => rmSync(out, { recursive: true, force: true }));

const open = (options: Partial<DatasetOptions> = {}) => openDataset({ kind: 'folder', root, ...options });

async function run(options: Partial<EvaluateOptions> = {}): Promise<Evaluation> {
  return evaluate({ segmenter: new FakeSegmenter(), dataset: await open(), out, ...options });
}

/** Times differ between runs; nothing else may. */
const timeless = ({ milliseconds: _, ...rest }: Evaluation): unknown => rest;

/** What the fake sees, pixel by pixel, without the code under test. */
async function expectedConfusion(): Promise<number[][]> {
  const matrix = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  for (let i = 0; i < PICTURES; i++) {
    const { rgb } = await decodeImage(path.join(root, 'images', `${idOf(i)}.png`));
    const truth = truthOf(i);
    const names = [1, 2, 3].filter((label) => truth.includes(label));
    truth.forEach((label, pixel) => {
      if (label === 255) return;
      const category = seen(rgb, pixel, names.length + 1);
      matrix[label]![category === names.length ? 0 : names[category]!]!++;
    });
  }
  return matrix;
}

describe('evaluate', () => {
  it('adds every picture up', async () => {
    const segmenter = new FakeSegmenter();
    const evaluation = await run({ segmenter, identity: { weights: 'abc', manifest: 'm', code: 'c', tokenizer: 't' } });
    const confusion = await expectedConfusion();
    expect(evaluation.confusion).toEqual(confusion);
    const diagonal = confusion.map((row, c) => row[c]!);
    const truth = confusion.map((row) => row.reduce((a, b) => a + b, 0));
    const predicted = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c]!, 0));
    const iou = diagonal.map((hit, c) => hit / (truth[c]! + predicted[c]! - hit));
    expect(evaluation.perClass.map((one) => one.iou)).toEqual(iou);
    expect(evaluation.perClass).toMatchObject(
      ['background', ...CLASSES].map((name, c) => ({
        name,
        hit: diagonal[c],
        truth: truth[c],
        predicted: predicted[c],
        unassigned: 0,
      })),
    );
    expect(evaluation.mIoU).toBeCloseTo(iou.reduce((a, b) => a + b, 0) / 4, 12);
    const [low, high] = evaluation.mIoU95;
    expect(low! < evaluation.mIoU! && evaluation.mIoU! < high!).toBe(true);
    expect(evaluation.pictures).toEqual({
      total: PICTURES,
      evaluated: PICTURES,
      skipped: 0,
      withoutNames: 0,
      unnamed: 0,
    });
    expect(evaluation.settings).toMatchObject({
      model: 'fake 1',
      weights: 'abc',
      manifest: 'm',
      code: 'c',
      tokenizer: 't',
      protocol: expect.stringContaining('folder'),
      names: expect.stringContaining('ground truth'),
    });
    expect(evaluation.losses).toMatchObject([
      { pictures: PICTURES, cluster: -2, entropy: 1 },
      { pictures: PICTURES, cluster: -3 },
    ]);
    expect(segmenter.calls).toBe(PICTURES);
    expect(segmenter.asked[0]).toEqual(['cat', 'dog'].filter((_, i) => truthOf(0).includes(i + 1)));
  });

  it('keeps a record a picture: counts, pairs, times, losses', async () => {
    await run();
    const lines = journalLines(out).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(PICTURES + 1);
    expect(lines[0].settings).toMatchObject({ format: 'invseg-run/3', classes: ['background', ...CLASSES] });
    expect(lines[1]).toMatchObject({
      id: idOf(0),
      place: 0,
      milliseconds: { segment: 6 },
      losses: [
        [expect.any(Number), -2, 1],
        [expect.any(Number), -3, 1],
      ],
    });
    const { counts, confused } = lines[1] as { counts: number[][]; confused: number[][] };
    const labelled = truthOf(0).filter((label) => label !== 255).length;
    const sum = (list: number[][], column: number): number => list.reduce((total, entry) => total + entry[column]!, 0);
    expect(sum(counts, 2)).toBe(labelled);
    expect(sum(counts, 1) + sum(confused, 2)).toBe(labelled);
  });

  it('goes on where it was, to the same counts', async () => {
    const whole = await run();
    rmSync(out, { recursive: true });
    const stop = new AbortController();
    const first = new FakeSegmenter({ onCall: (call) => call === 9 && stop.abort() });
    await expect(run({ segmenter: first, signal: stop.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(journalLines(out).length).toBeLessThan(11);
    appendFileSync(path.join(out, 'journal.jsonl'), '{"id":"torn'); // as a killed process would leave it
    const second = new FakeSegmenter();
    const seenProgress: EvaluateProgress[] = [];
    const resumed = await run({ segmenter: second, onProgress: (progress) => seenProgress.push(progress) });
    expect(timeless(resumed)).toEqual(timeless(whole));
    expect(second.calls).toBeGreaterThan(0);
    expect(second.calls).toBe(PICTURES - seenProgress[0]!.resumed);
    expect(seenProgress[0]).toMatchObject({ done: seenProgress[0]!.resumed, id: undefined, total: PICTURES });
    expect(seenProgress.at(-1)).toMatchObject({ done: PICTURES, id: idOf(PICTURES - 1), mIoU: whole.mIoU });
    const third = new FakeSegmenter();
    expect(timeless(await run({ segmenter: third }))).toEqual(timeless(whole));
    expect(third.calls).toBe(0);
  });

  it('loses at most the line that was being written', async () => {
    const whole = await run();
    const size = readFileSync(path.join(out, 'journal.jsonl')).length;
    for (const cut of [1, 2, 700, size - 40, size - 1]) {
      truncateSync(path.join(out, 'journal.jsonl'), size - cut);
      expect(timeless(await run()), `${cut} bytes less`).toEqual(timeless(whole));
    }
  });

  it('refuses the journal of other settings, and names them', async () => {
    await run({ sample: 3, options: { steps: 2 } });
    const other = run({ sample: 4, options: { steps: 3 }, segmenter: new FakeSegmenter({ weightsName: 'other' }) });
    await expect(other).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(other).rejects.toThrow(
      /other settings: model, pictures, list, sample, options\.steps\. Use them again, name another folder, or remove the file to start anew\n[^]*options\.steps: 2 there, 3 now/,
    );
    const segmenter = new FakeSegmenter();
    await run({ sample: 4, segmenter, restart: true });
    expect(segmenter.calls).toBe(4);
  });

  it.each(['weights', 'manifest', 'code', 'tokenizer'] as const)(
    'does not go on with a model whose %s is another, whatever it is called',
    async (part) => {
      const identity = { weights: 'w', manifest: 'm', code: 'c', tokenizer: 't' };
      await run({ sample: 3, identity });
      const segmenter = new FakeSegmenter();
      const other = run({ sample: 3, identity: { ...identity, [part]: 'another' }, segmenter });
      await expect(other).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(
          new RegExp(`other settings: ${part}\\b[^]*${part}: "${part[0]}" there, "another" now`),
        ),
      });
      expect(segmenter.calls).toBe(0);
      await run({ sample: 3, identity, segmenter });
      expect(segmenter.calls).toBe(0);
    },
  );

  it('draws a sample by the seed', async () => {
    const ids = (): string[] =>
      journalLines(out)
        .slice(1)
        .map((line) => (JSON.parse(line) as { id: string }).id);
    await run({ sample: 5, seed: 1 });
    const first = ids();
    expect(first).toHaveLength(5);
    expect(first).toEqual([...first].sort());
    await run({ sample: 5, seed: 2, restart: true });
    expect(ids()).not.toEqual(first);
  });

  it('reads a bounded number of pictures ahead', async () => {
    const dataset = await open();
    const item = dataset.item.bind(dataset);
    let read = 0;
    dataset.item = (id) => (read++, item(id));
    const most: number[] = [];
    await run({
      dataset,
      prefetch: 3,
      segmenter: new FakeSegmenter({ delay: 2, onCall: (call) => most.push(read - call) }),
    });
    expect(Math.max(...most)).toBe(3);
    expect(read).toBe(PICTURES);
  });

  it('keeps labels and thumbnails of the best and the worst', async () => {
    const { worst, best } = await run();
    expect(worst).toHaveLength(8);
    expect(worst[0]!.mIoU).toBeLessThan(best[0]!.mIoU!);
    const ids = [...new Set([...worst, ...best].map(({ id }) => id))];
    expect(readdirSync(path.join(out, 'pictures'))).toHaveLength(3 * ids.length);
    const { data, width, height } = decode(readFileSync(path.join(out, 'pictures', `${worst[0]!.id}.labels.png`)));
    expect([width, height]).toEqual([WIDTH, HEIGHT]);
    expect(Math.max(...(data as Uint8Array))).toBeLessThan(4);
  });

  it('counts a method without names as a wrong choice', async () => {
    await expect(run({ segmenter: new FakeSegmenter({ unnamed: true }) })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });

  it("takes the model's settings of a method, unless a preset says otherwise", async () => {
    const segmenter = new FakeSegmenter();
    Object.assign(segmenter.info.model, { methods: { diffsegmenter: { background: { threshold: 0.8 } } } });
    const { settings } = await run({ segmenter, options: { method: 'diffsegmenter' } });
    expect(settings.options.background.threshold).toBe(0.8);
    const authors = await run({ segmenter, options: { preset: 'diffsegmenter-paper' }, restart: true });
    expect(authors.settings.options.background.threshold).toBe(0.5);
  });

  it('takes any source of names, each class once, and refuses what is none', async () => {
    const segmenter = new FakeSegmenter();
    const source = (...list: string[]) => ({
      description: 'all',
      namesFor: () => Promise.resolve({ names: list, origin: 'test', warnings: ['guessed'] }),
    });
    const { warnings, settings } = await run({ segmenter, names: source('Sofa', 'dog', 'dog') });
    expect(segmenter.asked[0]).toEqual(['sofa', 'dog']);
    expect(settings.names).toBe('all');
    expect(warnings[0]).toEqual({ message: 'guessed', pictures: PICTURES, example: idOf(0) });
    await expect(run({ names: source('horse'), restart: true })).rejects.toThrow(/classes but received "horse"/);
  });

  it('asks nothing where nothing is named', async () => {
    const segmenter = new FakeSegmenter();
    const names = {
      description: 'nobody',
      namesFor: () => Promise.resolve({ names: [], origin: 'test', warnings: [] }),
    };
    const { perClass, pictures } = await run({ segmenter, names });
    expect(segmenter.calls).toBe(0);
    expect(pictures.unnamed).toBe(PICTURES);
    expect(perClass[0]!.accuracy).toBe(1);
    expect(perClass[1]).toMatchObject({ iou: 0, predicted: 0 });
  });
});

describe('a background that is ignored', () => {
  it('takes part in nothing: the best other name gets its pixels', async () => {
    const segmenter = new FakeSegmenter();
    const { perClass, confusion } = await run({ dataset: await open({ background: 'ignore' }), segmenter });
    expect(perClass.map(({ name }) => name)).toEqual(CLASSES);
    expect(confusion).toHaveLength(3);
    expect(perClass.every(({ unassigned }) => unassigned === 0)).toBe(true);
    const labelled = Array.from(
      { length: PICTURES },
      (_, i) => truthOf(i).filter((label) => label > 0 && label < 255).length,
    ).reduce((a, b) => a + b, 0);
    expect(confusion.flat().reduce((a, b) => a + b, 0)).toBe(labelled);
  });

  it('leaves pixels without a class where nothing is named', async () => {
    const names = {
      description: 'nobody',
      namesFor: () => Promise.resolve({ names: [], origin: 'test', warnings: [] }),
    };
    const { perClass, aAcc } = await run({ dataset: await open({ background: 'ignore' }), names });
    expect(aAcc).toBe(0);
    for (const { truth, unassigned, predicted } of perClass) expect([unassigned, predicted]).toEqual([truth, 0]);
  });
});

describe('what cannot be used', () => {
  let bad: string;
  beforeEach(() => {
    bad = path.join(root, 'bad');
    mkdirSync(bad);
    for (const name of ['images', 'masks', 'lists', 'classes.txt'])
      cpSync(path.join(root, name), path.join(bad, name), { recursive: true });
  });
  afterEach(() => rmSync(bad, { recursive: true }));
  const at = (...parts: string[]): string => path.join(bad, ...parts);

  it('is counted where it may be left out, and an error elsewhere', async () => {
    const picture = readFileSync(at('images', 'p0001.png'));
    writeFileSync(at('images', 'p0001.png'), picture.subarray(0, picture.length / 2)); // truncated
    rmSync(at('masks', 'p0002.png')); // missing
    cpSync(at('masks', 'p0003.png'), at('masks', 'x.png'));
    writeFileSync(at('masks', 'p0003.png'), readFileSync(at('masks', 'x.png')).subarray(0, 60)); // truncated
    rmSync(at('images', 'p0004.png'));
    symlinkSync('/etc/hostname', at('images', 'p0004.png')); // leaves the root
    writeFileSync(
      at('lists', 'val.txt'),
      ['p0000', 'p0001', 'p0002', 'p0003', 'p0004', 'p0005', '../p0006', 'p0000', 'p0099'].join('\n'),
    );
    const options = { root: bad, split: 'val' };
    await expect(open(options)).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    const dataset = await open({ ...options, onProblem: 'skip' });
    const { skipped, pictures } = await run({ dataset });
    expect(pictures).toMatchObject({ total: 7, evaluated: 2, skipped: 5 });
    expect(skipped.map(({ id }) => id)).toEqual(['../p0006', 'p0000', 'p0001', 'p0002', 'p0003', 'p0004', 'p0099']);
    expect(skipped.map(({ code }) => code).slice(2, 5)).toEqual(['IMAGE_UNREADABLE', 'MASK_NOT_FOUND', 'MASK_INVALID']);
    expect(JSON.stringify(skipped)).not.toContain(bad);
    // What is mended later counts then; what is not is not written again.
    cpSync(at('masks', 'x.png'), at('masks', 'p0003.png'));
    const lines = journalLines(out).length;
    const again = await run({ dataset });
    expect(again.pictures).toMatchObject({ evaluated: 3, skipped: 4 });
    expect(journalLines(out)).toHaveLength(lines + 1);
    // Told to throw, it throws, and what was counted stays.
    writeFileSync(at('lists', 'val.txt'), 'p0000\np0002\n');
    await expect(run({ dataset: await open(options), restart: true })).rejects.toMatchObject({
      code: 'MASK_NOT_FOUND',
    });
    expect(journalLines(out)).toHaveLength(2);
  });

  it('is one that the list of names does not have: left out, or nothing named, or an error', async () => {
    const captions = path.join(bad, 'captions.json');
    const list = (ids: readonly string[]) =>
      writeFileSync(captions, JSON.stringify(Object.fromEntries(ids.map((id) => [id, 'a cat and a dog']))));
    const all = (await open()).ids;
    list(all.filter((id) => id !== idOf(3)));
    const names = async (missing?: 'empty') =>
      createNameSource('captions', { captions, vocabulary: (await open()).vocabulary, missing });

    const skipped = await run({ names: await names() });
    expect(skipped.pictures).toEqual({
      total: PICTURES,
      evaluated: PICTURES - 1,
      skipped: 1,
      withoutNames: 1,
      unnamed: 0,
    });
    expect(skipped.skipped).toMatchObject([
      { id: idOf(3), code: 'NAMES_NOT_FOUND', message: expect.stringContaining(idOf(3)) },
    ]);
    // The rule is the names' alone: a data set that throws does not make it throw, one that skips does not make it skip.
    await expect(
      run({ names: await names(), onMissingNames: 'throw', dataset: await open({ onProblem: 'skip' }) }),
    ).rejects.toMatchObject({ code: 'NAMES_NOT_FOUND' });
    // An entry that comes later is taken up.
    const empty = await run({ names: await names('empty'), restart: true });
    expect(empty.pictures).toEqual({ total: PICTURES, evaluated: PICTURES, skipped: 0, withoutNames: 0, unnamed: 1 });
    expect(empty.warnings).toContainEqual({
      message: expect.stringContaining('does not have this image'),
      pictures: 1,
      example: idOf(3),
    });
    expect(empty.settings.names).not.toBe(skipped.settings.names);
  });

  it('is not all of them: a list of another data set is refused before the engine is asked', async () => {
    const captions = path.join(bad, 'captions.json');
    writeFileSync(captions, JSON.stringify({ 'COCO_val2014_000000182611.jpg': 'a bowl' }));
    const segmenter = new FakeSegmenter();
    for (const missing of ['throw', 'empty'] as const) {
      const names = await createNameSource('captions', { captions, vocabulary: (await open()).vocabulary, missing });
      const refused = run({ segmenter, names });
      await expect(refused).rejects.toMatchObject({ code: 'NAMES_NOT_FOUND' });
      await expect(refused).rejects.toThrow(
        /found none for any of 24, such as "p0000", in captions of captions\.json.*made for another data set/,
      );
    }
    expect(segmenter.calls).toBe(0);
  });

  it('is not one whose name is long, in any script', async () => {
    const ids = ['あ'.repeat(27), '猫'.repeat(82), 'n'.repeat(251)];
    for (const [i, id] of ids.entries()) {
      for (const folder of ['images', 'masks'])
        cpSync(path.join(root, folder, `${idOf(i)}.png`), path.join(bad, folder, `${id}.png`));
    }
    writeFileSync(path.join(bad, 'lists', 'long.txt'), ids.join('\n'));
    const evaluation = await run({ dataset: await open({ root: bad, split: 'long' }) });
    expect(evaluation.pictures).toMatchObject({ evaluated: 3, skipped: 0 });
    expect(readdirSync(path.join(out, 'pictures'))).toHaveLength(9);
    for (const id of ids)
      for (const file of Object.values(pictureFiles(id))) expect(existsSync(path.join(out, file)), file).toBe(true);
  });

  it('ends the run where every other picture would fare the same', async () => {
    for (const code of ['OUT_OF_MEMORY', 'DISPOSED'] as const) {
      const { InvSegError } = await import('../../lib/errors.js');
      const segmenter = new FakeSegmenter({
        onCall: () => {
          throw new InvSegError(code, 'no');
        },
      });
      await expect(run({ dataset: await open({ root: bad, onProblem: 'skip' }), segmenter })).rejects.toMatchObject({
        code,
      });
    }
  });
});

it('refuses what is no segmenter', async () => {
  await expect(run({ segmenter: 5 as never })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('an open Segmenter'),
  });
});

describe('an output that cannot be written', () => {
  it('is an error before the engine works', async () => {
    const segmenter = new FakeSegmenter();
    writeFileSync(out, 'a file');
    await expect(run({ segmenter })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    await expect(run({ segmenter, out: '/proc/invseg' })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(segmenter.calls).toBe(0);
  });

  it('is an error where the journal is a device', async () => {
    mkdirSync(out);
    symlinkSync('/dev/full', path.join(out, 'journal.jsonl'));
    await expect(run()).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(existsSync(path.join(out, 'pictures'))).toBe(false);
  });
});
