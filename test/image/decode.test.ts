import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import sharp, { type Color, type Sharp, type SharpOptions } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { decodeImage, type ImageInput, MAX_PIXELS } from '../../lib/image/decode.js';

let folder: string;
const at = (name: string): string => path.join(folder, name);

/** Left half red, right half blue, 8 × 4. */
function twoHalves(): { data: Buffer; width: number; height: number; channels: 3 } {
  const data = Buffer.alloc(8 * 4 * 3);
  for (let i = 0; i < 32; i++) data[i * 3 + (i % 8 < 4 ? 0 : 2)] = 255;
  return { data, width: 8, height: 4, channels: 3 };
}
const halves = (): Sharp => {
  const { data, ...raw } = twoHalves();
  return sharp(data, { raw });
};
const plain = (colour: Color, channels: 3 | 4 = 3, side = 8): Sharp =>
  sharp({ create: { width: side, height: side, channels, background: colour } });
const pixel = (image: { rgb: Uint8Array; width: number }, x: number, y: number): number[] => [
  ...image.rgb.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3),
];
const close = (actual: number[], expected: number[], tolerance: number): void =>
  actual.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance));

/** A PNG whose header promises `width` × `height` and whose data is missing. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body) >>> 0, out.length - 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(2)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Deterministic noise, so that files are long enough to cut. */
function noise(side: number): Sharp {
  let state = 1;
  const data = Buffer.from(Array.from({ length: side * side * 3 }, () => (state = (state * 48271) % 2147483647) & 255));
  return sharp(data, { raw: { width: side, height: side, channels: 3 } });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'invseg-image-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('inputs', () => {
  it('a path, a Buffer, a Uint8Array, a sharp instance and raw pixels give the same bytes', async () => {
    const png = await halves().png().toBuffer();
    await writeFile(at('halves.png'), png);
    const raw = twoHalves();
    const inputs: ImageInput[] = [
      at('halves.png'),
      png,
      new Uint8Array(png),
      sharp(png),
      raw,
      { ...raw, data: new Uint8ClampedArray(raw.data) },
    ];
    for (const input of inputs) {
      const image = await decodeImage(input);
      expect(image).toEqual({ rgb: new Uint8Array(raw.data), width: 8, height: 4, warnings: [] });
    }
  });

  it('raw pixels are copied', async () => {
    const raw = twoHalves();
    const image = await decodeImage(raw);
    raw.data.fill(9);
    expect(pixel(image, 0, 0)).toEqual([255, 0, 0]);
  });

  it('a sharp pipeline is taken as it stands, and can be used again', async () => {
    const pipeline = halves().extract({ left: 4, top: 0, width: 2, height: 3 }).png();
    for (let i = 0; i < 2; i++) {
      const image = await decodeImage(pipeline);
      expect([image.width, image.height, ...pixel(image, 0, 0)]).toEqual([2, 3, 0, 0, 255]);
    }
  });

  it('a file that changed under the same name is read again', async () => {
    await plain('red').png().toFile(at('changing.png'));
    expect(pixel(await decodeImage(at('changing.png')), 0, 0)).toEqual([255, 0, 0]);
    await plain('blue').png().toFile(at('changing.png'));
    expect(pixel(await decodeImage(at('changing.png')), 0, 0)).toEqual([0, 0, 255]);
  });
});

describe('kinds of pictures', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('%s', async (format) => {
    const image = await decodeImage(await plain({ r: 200, g: 100, b: 50 }, 3, 16).toFormat(format).toBuffer());
    expect([image.width, image.height, image.rgb.length]).toEqual([16, 16, 768]);
    close(pixel(image, 5, 5), [200, 100, 50], 3);
  });

  it('1 × 1', async () => {
    const image = await decodeImage(await plain({ r: 1, g: 2, b: 3 }, 3, 1).png().toBuffer());
    expect(image).toEqual({ rgb: new Uint8Array([1, 2, 3]), width: 1, height: 1, warnings: [] });
  });

  it('grey, grey with alpha, palette', async () => {
    const grey = plain({ r: 80, g: 80, b: 80 }).toColourspace('b-w');
    expect(pixel(await decodeImage(await grey.clone().png().toBuffer()), 1, 1)).toEqual([80, 80, 80]);
    expect(pixel(await decodeImage(await grey.clone().jpeg().toBuffer()), 1, 1)).toEqual([80, 80, 80]);
    const greyAlpha = await sharp(Buffer.from([100, 0, 100, 255]), { raw: { width: 2, height: 1, channels: 2 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect((await sharp(greyAlpha).metadata()).channels).toBe(2);
    expect([...(await decodeImage(greyAlpha)).rgb]).toEqual([255, 255, 255, 100, 100, 100]);
    expect(pixel(await decodeImage(await halves().png({ palette: true }).toBuffer()), 0, 0)).toEqual([255, 0, 0]);
  });

  it('alpha over white', async () => {
    const data = Buffer.from([255, 0, 0, 0, 255, 0, 0, 128, 0, 0, 0, 255]);
    const expected = [255, 255, 255, 255, 127, 127, 0, 0, 0];
    const raw = { data, width: 3, height: 1 };
    expect([...(await decodeImage(raw)).rgb]).toEqual(expected);
    const png = await sharp(data, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png)).rgb]).toEqual(expected);
  });

  it('raw grey and raw grey with alpha', async () => {
    const grey = await decodeImage({ data: new Uint8Array([7, 9]), width: 2, height: 1 });
    expect([...grey.rgb]).toEqual([7, 7, 7, 9, 9, 9]);
    const alpha = await decodeImage({ data: new Uint8Array([0, 128]), width: 1, height: 1, channels: 2 });
    expect([...alpha.rgb]).toEqual([127, 127, 127]);
  });

  it('16 bits, colour and grey', async () => {
    const colour = await sharp(new Uint16Array([65535, 32896, 257]), { raw: { width: 1, height: 1, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe('ushort');
    close([...(await decodeImage(colour)).rgb], [255, 128, 1], 1);
    const grey = await sharp(new Uint16Array([32896]), { raw: { width: 1, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).depth).toBe('ushort');
    close([...(await decodeImage(grey)).rgb], [128, 128, 128], 1);
  });

  it('CMYK', async () => {
    const jpeg = await plain({ r: 220, g: 40, b: 40 }, 3, 16).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(jpeg).metadata()).space).toBe('cmyk');
    const [r, g, b] = pixel(await decodeImage(jpeg), 4, 4);
    expect(r!).toBeGreaterThan(170);
    expect(Math.max(g!, b!)).toBeLessThan(100);
  });

  it('a colour profile is applied', async () => {
    const srgb = { r: 200, g: 100, b: 50 };
    const p3 = await plain(srgb, 3, 16).withIccProfile('p3').png().toBuffer();
    const stored = await sharp(p3, { ignoreIcc: true } as SharpOptions)
      .raw()
      .toBuffer();
    close(pixel(await decodeImage(p3), 3, 3), [200, 100, 50], 2);
    expect(Math.abs(stored[0]! - 200)).toBeGreaterThan(4);
  });

  it('EXIF orientation: 6 turns the red left half to the top', async () => {
    const jpeg = await halves()
      .resize(64, 32, { kernel: 'nearest' })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const image = await decodeImage(jpeg);
    expect([image.width, image.height]).toEqual([32, 64]);
    close(pixel(image, 16, 8), [255, 0, 0], 8);
    close(pixel(image, 16, 56), [0, 0, 255], 8);
  });

  it.each(['gif', 'webp'] as const)('animated %s: the first frame and a warning', async (format) => {
    const frames = await Promise.all(['red', 'lime', 'blue'].map((colour) => plain(colour).png().toBuffer()));
    const file = at(`animated.${format}`);
    await sharp(frames, { join: { animated: true } })
      .toFormat(format, { lossless: true } as object)
      .toFile(file);
    const image = await decodeImage(file);
    expect([image.width, image.height]).toEqual([8, 8]);
    expect(pixel(image, 4, 4)).toEqual([255, 0, 0]);
    expect(image.warnings).toEqual([`${file}: only the first of 3 frames or pages is used`]);
  });
});

describe('refused', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const cases: [string, () => Promise<ImageInput> | unknown, string, RegExp][] = [
    ['a missing file', () => at('none.png'), 'IMAGE_NOT_FOUND', /none\.png: there is no such file$/],
    ['a file below a file', () => `${at('halves.png')}/x.png`, 'IMAGE_NOT_FOUND', /x\.png: there is no such file$/],
    ['an empty path', () => '', 'IMAGE_NOT_FOUND', /an empty string/],
    [
      'an address',
      () => 'https://example.org/cat.jpg',
      'IMAGE_NOT_FOUND',
      /cat\.jpg: nothing is downloaded; fetch it yourself/,
    ],
    ['a folder', () => folder, 'IMAGE_UNREADABLE', /invseg-image-\w+: it is a folder/],
    ['a device', () => '/dev/null', 'IMAGE_UNREADABLE', /\/dev\/null: it is not a regular file/],
    ['an empty file', () => save('empty.jpg', Buffer.alloc(0)), 'IMAGE_UNREADABLE', /empty\.jpg: it is empty/],
    ['text', () => save('text.png', Buffer.from('hello world')), 'IMAGE_UNREADABLE', /text\.png: it is not an image/],
    ['a PDF', () => save('a.pdf', Buffer.from('%PDF-1.4\n%%EOF')), 'IMAGE_UNREADABLE', /a\.pdf: it is not an image/],
    [
      'an SVG',
      () => save('a.svg', Buffer.from(svg)),
      'IMAGE_UNREADABLE',
      /a\.svg: SVG has no pixels.*render it to PNG/,
    ],
    ['an empty Buffer', () => Buffer.alloc(0), 'IMAGE_UNREADABLE', /image of 0 bytes: it is empty/],
    ['a Buffer of text', () => Buffer.from('hello'), 'IMAGE_UNREADABLE', /image of 5 bytes: it is not an image/],
    ['a broken pipeline', () => sharp(Buffer.from('hello')), 'IMAGE_UNREADABLE', /sharp image: it is damaged/],
    ['a PNG header alone', () => pngHeader(50, 50), 'IMAGE_UNREADABLE', /damaged or truncated/],
    ['null', () => null, 'IMAGE_INVALID', /received null/],
    ['undefined', () => undefined, 'IMAGE_INVALID', /received undefined/],
    ['a number', () => 5, 'IMAGE_INVALID', /received number/],
    ['an object', () => ({ width: 1, height: 1 }), 'IMAGE_INVALID', /received object/],
    ['a list of numbers', () => ({ data: [1, 2, 3], width: 1, height: 1 }), 'IMAGE_INVALID', /Uint8Array .* for data/],
    [
      'an array of floats',
      () => ({ data: new Float32Array(3), width: 1, height: 1 }),
      'IMAGE_INVALID',
      /Uint8Array .* for data/,
    ],
    [
      'too few raw bytes',
      () => ({ ...twoHalves(), data: new Uint8Array(95) }),
      'IMAGE_INVALID',
      /96 bytes \(3 per pixel\).* 8×4 but received 95 bytes/,
    ],
    [
      'raw bytes that fit no layout',
      () => ({ data: new Uint8Array(31), width: 8, height: 4 }),
      'IMAGE_INVALID',
      /1 to 4 bytes per pixel.*31 bytes/,
    ],
    [
      'five channels',
      () => ({ data: new Uint8Array(5), width: 1, height: 1, channels: 5 }),
      'IMAGE_INVALID',
      /1 to 4 for channels .* received 5/,
    ],
    [
      'NaN channels',
      () => ({ data: new Uint8Array(5), width: 1, height: 1, channels: NaN }),
      'IMAGE_INVALID',
      /1 to 4 for channels .* received NaN/,
    ],
    ['NaN width', () => ({ ...twoHalves(), width: NaN }), 'IMAGE_INVALID', /integer for width.*received NaN/],
    [
      'no height',
      () => ({ ...twoHalves(), height: undefined }),
      'IMAGE_INVALID',
      /integer for height.*received undefined/,
    ],
    ['negative sizes', () => ({ ...twoHalves(), width: -8, height: -4 }), 'IMAGE_INVALID', /width.*received -8/],
    ['no raw pixels', () => ({ data: new Uint8Array(0), width: 0, height: 0 }), 'IMAGE_INVALID', /width.*received 0/],
    ['a fraction', () => ({ ...twoHalves(), width: 7.5 }), 'IMAGE_INVALID', /width.*received 7\.5/],
    ['a huge raw size', () => ({ ...twoHalves(), width: 1e6, height: 1e6 }), 'IMAGE_TOO_LARGE', /1000000×1000000/],
  ];
  async function save(name: string, content: Buffer): Promise<string> {
    await writeFile(at(name), content);
    return at(name);
  }
  it.each(cases)('%s', async (_, make, code, message) => {
    const error = await decodeImage((await make()) as ImageInput).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code });
    expect((error as InvSegError).message.split('\n')[0]).toMatch(message);
  });

  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('a truncated %s', async (format) => {
    const whole = await noise(64).toFormat(format).toBuffer();
    for (const share of [0.5, 0.9]) {
      const file = at(`cut.${format}`);
      await writeFile(file, whole.subarray(0, Math.floor(whole.length * share)));
      const error = await decodeImage(file).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' });
      expect((error as Error).message).toMatch(/cut\.\w+: it is (not an image|damaged)/);
    }
  });

  it('20000 × 20000 by its header, in milliseconds', async () => {
    await writeFile(at('huge.png'), pngHeader(20000, 20000));
    await decodeImage(at('halves.png'));
    const error = await decodeImage(at('huge.png')).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    expect((error as Error).message).toMatch(/huge\.png: 20000×20000 is 400 megapixels; at most 100 are decoded$/);
  });

  it('large files unread', async () => {
    await writeFile(at('huge.png'), pngHeader(20000, 20000));
    for (const [bytes, message] of [
      [2 ** 26, /20000×20000/],
      [2 ** 31, /huge\.png: 2147483648 bytes; files of at most/],
    ] as const) {
      await truncate(at('huge.png'), bytes);
      const error = await decodeImage(at('huge.png')).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'IMAGE_TOO_LARGE' });
      expect((error as Error).message).toMatch(message);
    }
    await rm(at('huge.png'));
  });

  it('the limit is an option, and its own size passes', async () => {
    expect(MAX_PIXELS).toBe(1e8);
    const png = await plain('red').png().toBuffer();
    await expect(decodeImage(png, { maxPixels: 64 })).resolves.toMatchObject({ width: 8 });
    await expect(decodeImage(png, { maxPixels: 63 })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    await expect(decodeImage(sharp(png), { maxPixels: 63 })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('an abort before and during', async () => {
    const before = decodeImage(at('halves.png'), { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: 'ABORTED' });
    const controller = new AbortController();
    const during = decodeImage(at('halves.png'), { signal: controller.signal });
    controller.abort();
    await expect(during).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('any bytes give a picture or an InvSegError', async () => {
    const png = await halves().png().toBuffer();
    await fc.assert(
      fc.asyncProperty(fc.nat(png.length - 1), fc.nat(255), async (where, value) => {
        const bytes = Buffer.from(png);
        bytes[where] = value;
        await decodeImage(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(InvSegError));
      }),
      { numRuns: 100 },
    );
  });
});
