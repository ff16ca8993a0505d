/** Pictures are decoded while the one before is worked on, a few at most. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { ImageInput } from '../../lib/image/decode.js';
import { DECODED_AHEAD, Decoding } from '../../lib/segmenter/decoding.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { BatchImage } from '../../lib/segmenter/types.js';
import { command } from '../support/command.js';
import { FakeEngine, fakeParts } from './fake.js';

const events: string[] = [];
vi.mock('../../lib/image/decode.js', async (original) => {
  const own = await original<typeof import('../../lib/image/decode.js')>();
  return {
    ...own,
    decodeImage: (input: ImageInput, options?: object) => {
      if (typeof input === 'string') events.push(`decode ${path.basename(input)}`);
      return own.decodeImage(input, options);
    },
  };
});

let folder: string;
const COUNT = 6;
const fileOf = (i: number): string => path.join(folder, `${i}.png`);
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-ahead-'));
  for (let i = 0; i < COUNT; i++)
    await sharp({ create: { width: 8, height: 6, channels: 3, background: { r: i, g: 0, b: 0 } } })
      .png()
      .toFile(fileOf(i));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => void events.splice(0));

const open = () => {
  const onCall = (name: string): void => void (name === 'predict' && events.push('predict'));
  return Segmenter.of(fakeParts(new FakeEngine({ delay: 5, onCall })));
};
/** Pictures that were begun when each prediction was asked for. */
const begun = (): number[] =>
  events.flatMap((event, at) =>
    event === 'predict' ? [events.slice(0, at).filter((one) => one.startsWith('decode')).length] : [],
  );

it.each([1, 2, 3])('in passes of %i', async (batch) => {
  const images: BatchImage[] = Array.from({ length: COUNT }, (_, i) => ({ input: fileOf(i), categories: ['cat'] }));
  await using segmenter = open();
  const sizes: number[] = [];
  for await (const { result } of segmenter.segmentAll(images, { steps: 1, batch })) sizes.push(result!.width);
  expect(sizes).toHaveLength(COUNT);
  for (const [i, count] of begun().entries()) {
    const ofPass = batch * (Math.floor(i / batch) + 1);
    expect(count).toBe(Math.min(COUNT, ofPass + DECODED_AHEAD));
  }
});

it('by the command, one ahead', async () => {
  const args = ['segment', folder, '--categories', 'cat', '--steps', '1', '--out', path.join(folder, 'out')];
  const { code } = await command(args, { openSegmenter: async () => open() });
  expect(code).toBe(0);
  expect(begun()).toEqual([2, 3, 4, 5, 6, 6]);
});

it('what fails before its turn fails at its turn', async () => {
  const decoding = new Decoding(path.join(folder, 'none.png'));
  decoding.begin();
  decoding.begin();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await expect(decoding.take()).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  expect(events).toHaveLength(1);
});
