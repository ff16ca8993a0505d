/** A journal that was changed, by an accident or by somebody, and masks that were. */
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset } from '../../lib/datasets/index.js';
import { openDataset } from '../../lib/datasets/index.js';
import { encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { InvSegError } from '../../lib/errors.js';
import { compareRuns, evaluate, mergeRuns, readRun } from '../../lib/evaluation/index.js';
import type { EvaluateOptions } from '../../lib/evaluation/options.js';
import { seal, unseal } from '../../lib/journal/seal.js';
import { Random } from '../../lib/random.js';
import { FakeSegmenter, HEIGHT, idOf, makeFolder, truthOf, WIDTH } from './fake.js';

const PICTURES = 8;
let root: string;
let out: string;
let dataset: Dataset;
let journal: Buffer;
const file = (): string => path.join(out, 'journal.jsonl');
const run = (given: Partial<EvaluateOptions> = {}) =>
  evaluate({ segmenter: new FakeSegmenter(), dataset, out, ...given });
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
beforeAll(async () => {
  root = await makeFolder(PICTURES);
  dataset = await openDataset({ kind: 'folder', root });
  out = mkdtempSync(path.join(tmpdir(), 'invseg-journal-'));
  await run();
  journal = readFileSync(file());
});
afterAll(() => [root, out].forEach((folder) => rmSync(folder, { recursive: true, force: true })));

describe('a line', () => {
  it('is what was sealed, and nothing else', () => {
    const record = { id: 'a', nested: { checksum: '0123456789abcdef' }, list: [1, 'é\u2028'] };
    const line = seal(record);
    expect(JSON.parse(unseal(line)!)).toEqual(record);
    expect(JSON.parse(line)).toMatchObject(record);
    expect(unseal(JSON.stringify(record))).toBeUndefined();
    expect(unseal(line.replace('"a"', '"b"'))).toBeNull();
  });
});

describe('5,000 flipped bits', () => {
  const metrics = async (): Promise<unknown> => {
    const { evaluation } = await readRun(out, { samples: 0 });
    return { ...evaluation, mIoU95: undefined };
  };
  it('are each an error with a code, or change nothing', { timeout: 120_000 }, async () => {
    writeFileSync(file(), journal);
    const whole = JSON.stringify(await metrics());
    const random = new Random(20_261);
    let [errors, same] = [0, 0];
    // One byte in place: a file that is cut and written anew reaches the disk every time.
    const handle = openSync(file(), 'r+');
    for (let i = 0; i < 5000; i++) {
      const bit = random.seed() % (8 * journal.length);
      const byte = bit >> 3;
      writeSync(handle, Uint8Array.of(journal[byte]! ^ (1 << (bit & 7))), 0, 1, byte);
      const found = await metrics().then(
        (value) => JSON.stringify(value),
        (error: unknown) => error,
      );
      writeSync(handle, journal, byte, 1, byte);
      if (typeof found === 'string') {
        expect(found, `bit ${bit}`).toBe(whole);
        same++;
        continue;
      }
      expect(found, `bit ${bit}`).toBeInstanceOf(InvSegError);
      expect(['OUTPUT_FAILED', 'INVALID_OPTION'], `bit ${bit}`).toContain((found as InvSegError).code);
      errors++;
    }
    closeSync(handle);
    expect([errors + same, errors]).toEqual([5000, 5000]);
  });

  it('lead to the same result where a run goes on, or to an error', { timeout: 120_000 }, async () => {
    writeFileSync(file(), journal);
    const whole = JSON.stringify(await metrics());
    const random = new Random(7);
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(journal);
      // The last line's end among them, where a flipped bit makes it a torn one.
      const bit = i < 8 ? 8 * (bytes.length - 1) + i : random.seed() % (8 * bytes.length);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file(), bytes);
      const error = await failure(run());
      if (error === undefined)
        expect(JSON.stringify(await metrics()).replaceAll(/"milliseconds":\{[^}]*\}/g, ''), `bit ${bit}`).toBe(
          whole.replaceAll(/"milliseconds":\{[^}]*\}/g, ''),
        );
      else expect(error, `bit ${bit}`).toMatchObject({ name: 'InvSegError', code: 'OUTPUT_FAILED' });
    }
  });
});

describe('refuses, on going on, reading and merging', () => {
  const lines = (): string[] => journal.toString('utf8').trimEnd().split('\n');
  const changed = (at: number, change: (record: any) => unknown): string => {
    const all = lines();
    const record = JSON.parse(unseal(all[at]!)!) as object;
    all[at] = seal(change(record) ?? record);
    return `${all.join('\n')}\n`;
  };
  const cases: [string, () => string, RegExp][] = [
    [
      'a journal without checksums, as older versions wrote it',
      () =>
        lines()
          .map((line) => `${unseal(line)}\n`)
          .join(''),
      /line 1 has no checksum: it is damaged, or written by a version before/,
    ],
    [
      'a record without a checksum',
      () => `${lines().slice(0, 2).join('\n')}\n${unseal(lines()[2]!)}\n`,
      /line 3 has no checksum/,
    ],
    [
      'a record that was edited',
      () =>
        lines()
          .map((line, i) => `${i === 2 ? line.replace('"place":1', '"place":2') : line}\n`)
          .join(''),
      /line 3 is not what was written/,
    ],
    [
      'more hits than pixels, with a right checksum',
      () => changed(1, (record) => void (record.counts[0][1] += 1e6)),
      /line 2: expected a record of an image .* 0 ≤ hit ≤ truth/,
    ],
    ['negative counts', () => changed(1, (record) => void (record.counts[0][1] = -1)), /line 2: expected a record/],
    ['a record without losses', () => changed(2, (record) => void delete record.losses), /line 3: .* without losses/],
    ['a record that is a text', () => changed(2, () => ({ id: 5 })), /line 3: .* without an id/],
    [
      'a reason that there is not',
      () => changed(2, () => ({ id: 'a', place: 0, skipped: { code: 'x', message: '' } })),
      /line 3: .* without a reason/,
    ],
    [
      'deep JSON',
      () => `${lines()[0]}\n${seal({ id: 'a' }).replace('"a"', `${'['.repeat(1e5)}${']'.repeat(1e5)}`)}\n`,
      /line 2 is not what was written/,
    ],
  ];
  it.each(cases)('%s', async (_, make, message) => {
    writeFileSync(file(), make());
    for (const work of [
      () => run(),
      () => readRun(out),
      () => mergeRuns({ runs: [out], out: path.join(out, 'merged') }),
    ]) {
      expect(await failure(work())).toMatchObject({
        name: 'InvSegError',
        code: 'OUTPUT_FAILED',
        message: expect.stringMatching(message),
      });
    }
  });

  it('settings of no evaluation', async () => {
    writeFileSync(
      file(),
      changed(0, () => ({ settings: { classes: 'x' } })),
    );
    expect(await failure(readRun(out))).toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('expected the settings of an evaluation'),
    });
  });

  it('a torn last line where the journal is only read', async () => {
    writeFileSync(file(), journal);
    appendFileSync(file(), '{"id":"p00');
    expect(await failure(readRun(out))).toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('ends in the middle of a line'),
    });
    await run();
    expect(readFileSync(file()).equals(journal)).toBe(true);
  });
});

describe('masks that changed', () => {
  const mask = (picture: number): string => path.join(root, 'masks', `${idOf(picture)}.png`);
  const write = (picture: number, labels: Uint8Array): void =>
    writeFileSync(mask(picture), encodeLabels(labels, WIDTH, HEIGHT, vocPalette()));
  const flipped = (): Uint8Array => truthOf(3).map((label, i) => (i === 50 ? (label + 1) % 4 : label));

  it('by one pixel end a run that goes on, and say which', async () => {
    writeFileSync(file(), journal);
    write(3, flipped());
    expect(await failure(run())).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^p0003: it was counted with another mask/),
    });
    expect(readFileSync(file()).equals(journal)).toBe(true);
    // Begun anew, it is another run, which does not compare with the first one.
    const other = mkdtempSync(path.join(tmpdir(), 'invseg-journal-'));
    await run({ out: other });
    expect(await failure(compareRuns(out, other))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('counted p0003 with different masks'),
    });
    rmSync(other, { recursive: true });
  });

  it('in their file alone do not matter', async () => {
    write(3, truthOf(3));
    const packed = readFileSync(mask(3));
    writeFileSync(mask(3), Buffer.concat([packed, Buffer.from('behind its end')]));
    await run();
  });
});
