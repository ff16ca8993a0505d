import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageInput } from '../../lib/index.js';
import { Segmenter } from '../../lib/index.js';
import { openHandles, pictures } from './model.js';

const { file, categories } = pictures[0]!;
let segmenter: Segmenter;
let folder: string;
let before: number;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-pictures-'));
  segmenter = await Segmenter.open({ device: 'cpu' });
  before = openHandles();
}, 120_000);
afterAll(async () => {
  await segmenter.dispose();
  rmSync(folder, { recursive: true });
});

const run = (input: ImageInput) => segmenter.segment(input, { categories, method: 'baseline' });
const photo = () => sharp(file);

/** A picture with 90° between its pixels and its EXIF orientation. */
const rotated = async () => {
  const upright = await photo().resize(200, 100, { fit: 'fill' }).rotate(-90).toBuffer();
  return sharp(upright).withMetadata({ orientation: 6 }).jpeg().toBuffer();
};

const frames = async () => {
  const one = await photo().resize(64, 64).removeAlpha().raw().toBuffer();
  const two = Buffer.concat([one, Buffer.alloc(one.length, 200)]);
  return sharp(two, { raw: { width: 64, height: 128, channels: 3, pageHeight: 64 } })
    .gif({ delay: [50, 50] })
    .toBuffer();
};

const sixteenBit = () =>
  Buffer.from(
    encode({ width: 8, height: 8, depth: 16, channels: 3, data: Uint16Array.from({ length: 192 }, (_, i) => i * 340) }),
  );

describe('unusual pictures are segmented', () => {
  it.each<[string, () => Promise<ImageInput> | ImageInput, number, number, string?]>([
    ['1 × 1', () => ({ data: Uint8Array.of(9, 8, 7), width: 1, height: 1 }), 1, 1],
    ['1 × 700', () => ({ data: new Uint8Array(2100), width: 1, height: 700 }), 1, 700],
    ['16 × 16', () => photo().resize(16, 16).png().toBuffer(), 16, 16],
    ['grey', () => photo().greyscale().png().toBuffer(), 256, 256],
    ['one colour', () => ({ data: new Uint8Array(48 * 32 * 3).fill(127), width: 48, height: 32 }), 48, 32],
    ['CMYK', () => photo().toColourspace('cmyk').jpeg().toBuffer(), 256, 256],
    ['16-bit', sixteenBit, 8, 8],
    ['alpha', () => photo().ensureAlpha(0.5).png().toBuffer(), 256, 256],
    ['EXIF-rotated', rotated, 200, 100],
    ['animated', frames, 64, 64, 'first of 2 frames'],
    ['a sharp instance', () => photo().resize(40, 30), 40, 30],
    ['a Buffer', () => readFile(file), 256, 256],
    ['large', () => ({ data: new Uint8Array(3000 * 2000 * 3).fill(90), width: 3000, height: 2000 }), 3000, 2000],
  ])('%s', async (_name, make, width, height, warning) => {
    const result = await run(await make());
    expect([result.width, result.height, result.labels.length]).toEqual([width, height, width * height]);
    expect(result.status).toBe('completed');
    if (warning !== undefined) expect(result.warnings.join()).toContain(warning);
    expect(openHandles()).toBe(before);
  });

  it('the same pixels give the same labels, however they come', async () => {
    const { data, info } = await photo().removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const results = await Promise.all([
      run(file),
      run(await readFile(file)),
      run(photo()),
      run({ data, width: info.width, height: info.height, channels: 3 }),
    ]);
    for (const { labels } of results) expect(Buffer.compare(labels, results[0]!.labels)).toBe(0);
  });
});

describe('bad pictures are refused in milliseconds, and the next one works', () => {
  it.each<[string, () => Promise<ImageInput> | ImageInput, string]>([
    ['missing', () => path.join(folder, 'missing.png'), 'IMAGE_NOT_FOUND'],
    ['a folder', () => folder, 'IMAGE_UNREADABLE'],
    ['empty', () => Buffer.alloc(0), 'IMAGE_UNREADABLE'],
    ['truncated', async () => (await photo().jpeg().toBuffer()).subarray(0, 900), 'IMAGE_UNREADABLE'],
    ['not an image', () => Buffer.from('hello'), 'IMAGE_UNREADABLE'],
    ['20000 × 20000', huge, 'IMAGE_TOO_LARGE'],
    ['raw of a wrong size', () => ({ data: new Uint8Array(5), width: 2, height: 2 }), 'IMAGE_INVALID'],
    ['nothing', () => undefined as never, 'IMAGE_INVALID'],
  ])('%s', async (_name, make, code) => {
    const input = await make();
    await expect(run(input)).rejects.toMatchObject({ name: 'InvSegError', code });
    expect(openHandles()).toBe(before);
    await expect(run({ data: new Uint8Array(12), width: 2, height: 2 })).resolves.toMatchObject({
      status: 'completed',
    });
  });
});

/** A header alone: nobody should get as far as the pixels. */
async function huge(): Promise<string> {
  const png = await sharp({ create: { width: 2, height: 2, channels: 3, background: '#fff' } })
    .png()
    .toBuffer();
  png.writeUInt32BE(20_000, 16);
  png.writeUInt32BE(20_000, 20);
  const crcAt = 29;
  const { crc32 } = await import('node:zlib');
  png.writeUInt32BE(crc32(png.subarray(12, crcAt)), crcAt);
  const at = path.join(folder, 'huge.png');
  writeFileSync(at, png);
  return at;
}
