import { describe, expect, it } from 'vitest';
import { describeAddress, shownPath } from '../lib/addresses.js';
import { openDataset } from '../lib/datasets/index.js';
import { decodeImage } from '../lib/image/decode.js';
import { listImages } from '../lib/image/list.js';
import { openBundle } from '../lib/models/index.js';

const data = `data:image/png;base64,${'A'.repeat(100_000)}`;

describe('an address', () => {
  it.each([
    ['https://example.org/cat.jpg?size=1', /nothing is downloaded/],
    ['HTTP://example.org/', /nothing is downloaded/],
    ['s3://bucket/key', /nothing is downloaded/],
    ['file:///tmp/cat.jpg', /without file:/],
    [data, /save what it holds to a file/],
  ])('is no path: %.40s', async (text, why) => {
    expect(describeAddress(text)).toMatch(why);
    const short = { code: 'IMAGE_NOT_FOUND', message: expect.stringMatching(why) };
    for (const call of [() => decodeImage(text), () => listImages([text])]) {
      const error = (await (call() as Promise<unknown>).catch((reason: unknown) => reason)) as Error;
      expect(error).toMatchObject(short);
      expect(error.message.length).toBeLessThan(300);
    }
  });

  it('of a model or a data set is told so too', async () => {
    const address = 'https://example.org/a/b';
    await expect(openBundle(address)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('Nothing is downloaded'),
    });
    await expect(openDataset({ kind: 'voc', root: address })).rejects.toMatchObject({
      code: 'DATASET_NOT_FOUND',
      message: expect.stringContaining('nothing is downloaded'),
    });
    for (const open of [() => openBundle(data), () => openDataset({ kind: 'voc', root: data })]) {
      const error = (await (open() as Promise<unknown>).catch((reason: unknown) => reason)) as Error;
      expect(error.message.length).toBeLessThan(300);
    }
  });
});

it.each(['cat.jpg', '/tmp/a b/cat.jpg', 'C:\\pictures\\cat.jpg', 'C:/cat.jpg', 'data/cat.jpg', 'photos/*.png'])(
  'a path is none: %s',
  (text) => {
    expect(describeAddress(text)).toBeUndefined();
    expect(shownPath(text)).toBe(text);
  },
);

it('a long path is cut in messages', () => {
  expect(shownPath('x'.repeat(500))).toBe(`${'x'.repeat(400)}… (500 characters)`);
});
