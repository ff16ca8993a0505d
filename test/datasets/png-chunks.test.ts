import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { decodeNamedMask, decodePngMask } from '../../lib/datasets/png-mask.js';
import { LABEL_NAMES, labelNamesText } from '../../lib/labels/label-names.js';

const size = { width: 10, height: 10 };
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const rows = Buffer.alloc(110);

function chunk(type: string, content: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(content.length);
  named.copy(out, 4);
  out.writeUInt32BE(crc32(named), out.length - 4);
  return out;
}
function header({ width, height } = size): Buffer {
  const out = Buffer.alloc(13);
  out.writeUInt32BE(width, 0);
  out.writeUInt32BE(height, 4);
  out[8] = 8;
  return chunk('IHDR', out);
}
const png = (...parts: Buffer[]): Buffer => Buffer.concat([SIGNATURE, ...parts]);
const end = chunk('IEND', new Uint8Array());
const zeros = (bytes: number): Buffer => deflateSync(Buffer.alloc(bytes), { level: 9 });
const whole = chunk('IDAT', deflateSync(rows));
const read = (bytes: Uint8Array): Uint8Array => decodePngMask(bytes, 'm.png', size);

describe('reads', () => {
  it('data in several chunks, and a file that goes on after its end', () => {
    const data = deflateSync(rows);
    const parts = [data.subarray(0, 5), data.subarray(5)].map((part) => chunk('IDAT', part));
    expect(read(png(header(), ...parts, end, Buffer.alloc(1000)))).toEqual(new Uint8Array(100));
  });
  it('nothing of other chunks: a colour profile that inflates to 256 MiB costs nothing', () => {
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), zeros(2 ** 28)]));
    const text = chunk('zTXt', Buffer.concat([Buffer.from('t\0\0', 'latin1'), zeros(2 ** 20)]));
    const before = process.resourceUsage().maxRSS;
    expect(read(png(header(), profile, text, whole, end))).toEqual(new Uint8Array(100));
    // Kilobytes; the profile is not there a second time.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(2 ** 17);
  });
  it('no second stream behind the first', () => {
    expect(read(png(header(), chunk('IDAT', Buffer.concat([deflateSync(rows), zeros(2 ** 24)])), end))).toEqual(
      new Uint8Array(100),
    );
  });
});

describe('names of the labels', () => {
  const names = { names: ['猫', 'background'], background: 1 };
  const text = (keyword: string, content: string, type = 'tEXt'): Buffer =>
    chunk(type, Buffer.from(`${keyword}\0${content}`, 'latin1'));
  const namesOf = (...parts: Buffer[]) => decodeNamedMask(png(header(), ...parts, end), 'm.png', size).names;

  it('are read before the data and behind it, among other texts', () => {
    expect(namesOf(text('Title', 'x'), text(LABEL_NAMES, labelNamesText(names)), whole)).toEqual(names);
    expect(namesOf(whole, text(LABEL_NAMES, labelNamesText(names)))).toEqual(names);
    expect(namesOf(text(`${LABEL_NAMES}2`, '?'), text('x', `${LABEL_NAMES}\0?`), whole)).toBeUndefined();
  });
  it('are not read where they are compressed', () => {
    expect(namesOf(text(LABEL_NAMES, `\0${zeros(2 ** 20).toString('latin1')}`, 'zTXt'), whole)).toBeUndefined();
  });
  it('may be the longest that a call takes, and not longer than any', () => {
    const long = Array.from({ length: 255 }, () => '猫'.repeat(1000));
    expect(namesOf(text(LABEL_NAMES, labelNamesText({ names: long, background: 0 })), whole)!.names).toEqual(long);
    expect(() => namesOf(text(LABEL_NAMES, ' '.repeat(2 ** 21)), whole)).toThrow(
      expect.objectContaining({ code: 'MASK_INVALID', message: expect.stringMatching(/more than 2097152 bytes/) }),
    );
  });
  it('are refused where they are nested', () => {
    const nested = `${'['.repeat(1e5)}${']'.repeat(1e5)}`;
    for (const json of [nested, `{"names":${nested},"background":null}`, 'null', '{"names":{"__proto__":1}}'])
      expect(() => namesOf(text(LABEL_NAMES, json), whole)).toThrow(/its list of names .* cannot be read/);
  });
});

describe('refuses', () => {
  const refused = (bytes: Uint8Array, message: RegExp): void =>
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ code: 'MASK_INVALID', message: expect.stringMatching(message) }),
    );

  it('data that inflates to more than its pixels', () => {
    refused(png(header(), chunk('IDAT', zeros(2 ** 28)), end), /larger than 110 bytes/);
    refused(png(header(), chunk('IDAT', zeros(111)), end), /larger than 110 bytes/);
  });
  it('data that is less', () =>
    refused(png(header(), chunk('IDAT', zeros(109)), end), /109 bytes of pixels where the header means 110/));
  it('chunks where they may not be', () => {
    refused(png(header(), whole), /it has no end/);
    refused(png(header(), header(), whole, end), /IHDR where it may not be/);
    refused(png(header(), whole, chunk('PLTE', Buffer.alloc(3)), end), /PLTE where it may not be/);
    refused(png(header(), chunk('PLTE', Buffer.alloc(771)), whole, end), /PLTE where it may not be/);
    const long = Buffer.from(whole);
    long.writeUInt32BE(2 ** 31);
    refused(png(header(), long, end), /behind the end of the file/);
  });
  it('a checksum that is another one', () => {
    const bytes = Buffer.from(encode({ ...size, data: new Uint8Array(100), depth: 8, channels: 1 }));
    bytes[50]! ^= 1;
    refused(bytes, /the checksum of "IDAT" is another one/);
  });
});
