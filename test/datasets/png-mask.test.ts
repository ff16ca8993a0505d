import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodePngMask } from '../../lib/datasets/png-mask.js';

const size = { width: 5, height: 3 };
const values = Uint8Array.from({ length: 15 }, (_, i) => (i === 14 ? 255 : i));
const palette = Array.from({ length: 256 }, (_, i) => [255 - i, (i * 7) % 256, 0]);
const grey = encode({ ...size, data: values, depth: 8, channels: 1 });
const indexed = encode({ ...size, data: values, depth: 8, channels: 1, palette });
const read = (bytes: Uint8Array, expected = size) => decodePngMask(bytes, 'm.png', expected);

describe('gives the values of the file', () => {
  it('grey', () => expect(read(grey)).toEqual(values));
  it('indices, not colours', () => expect(read(indexed)).toEqual(values));
  it.each([1, 2, 4] as const)('indices of %i bits', async (bits) => {
    // sharp orders a palette as it likes: compared by the colours that the indices stand for.
    const colours = 2 ** bits;
    const indices = Array.from({ length: 15 }, (_, i) => (i * 5 + (i >> 1)) % colours);
    const rgb = Buffer.from(indices.flatMap((index) => [index * 16, 200 - index, 7]));
    const png = await sharp(rgb, { raw: { ...size, channels: 3 } })
      .png({ palette: true, colours, dither: 0, effort: 1 })
      .toBuffer();
    expect([png[24], png[25]]).toEqual([bits, 3]);
    const found = read(png);
    const table = png.subarray(png.indexOf('PLTE') + 4);
    // sharp may round a colour by one.
    expect([...found].map((index) => Math.round(table[index * 3]! / 16))).toEqual(indices);
  });
  it('interlaced', async () => {
    const png = await sharp(Buffer.from(values), { raw: { ...size, channels: 1 } })
      .toColourspace('b-w')
      .png({ progressive: true })
      .toBuffer();
    expect([png[24], png[25], png[28]]).toEqual([8, 0, 1]);
    expect(read(png)).toEqual(values);
  });
});

describe('refuses', () => {
  const refused = (bytes: Uint8Array, message: RegExp, expected = size) =>
    expect(() => read(bytes, expected)).toThrow(
      expect.objectContaining({ code: 'MASK_INVALID', message: expect.stringMatching(message) }),
    );

  it('an empty file', () => refused(new Uint8Array(0), /m\.png: it is empty/));
  it('another format', () => refused(Buffer.from('GIF89a, or some text'), /it is not a PNG/));
  it('colours', () => refused(encode({ ...size, data: new Uint8Array(45), channels: 3 }), /has colours/));
  it('16 bits', () =>
    refused(encode({ ...size, data: new Uint16Array(15), depth: 16, channels: 1 }), /16 bits a pixel/));
  it('grey of fewer bits', () => {
    const bytes = Buffer.from(grey);
    bytes[24] = 1;
    refused(bytes, /grey with 1 bits/);
  });
  it('another size, and says when it is turned', () => {
    refused(grey, /the mask is 5×3, its image 6×3$/, { width: 6, height: 3 });
    refused(grey, /the mask is 5×3, its image 3×5; .*EXIF/, { width: 3, height: 5 });
  });
  it('a header that claims millions of pixels, by its header', () => {
    const bytes = Buffer.from(grey);
    bytes.writeUInt32BE(2 ** 31 - 1, 16);
    refused(bytes, /the mask is 2147483647×3/);
  });
  it('a file cut anywhere', () => {
    for (let length = 1; length < indexed.length; length++) refused(indexed.subarray(0, length), /truncated|not a PNG/);
  });
  it('a damaged byte anywhere in the pixels', () => {
    const start = Buffer.from(grey).indexOf('IDAT') + 4;
    for (let at = start; at < grey.length - 16; at++) {
      const bytes = Buffer.from(grey);
      bytes[at]! ^= 0x10;
      refused(bytes, /truncated or damaged/);
    }
  });
});
