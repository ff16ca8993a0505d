/**
 * The chunks of a PNG that decide its pixels, their data bounded by what the header announces.
 *
 * A decoder inflates whatever it is given: 1 MB of zeros after 10×10 pixels of data, or in a colour profile, become
 * gigabytes. So the data is inflated here first, with its size as the limit, and other chunks are left out.
 */
import { crc32, inflateSync } from 'node:zlib';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const FRAME_BYTES = 12;
/** Names of 255 categories of the greatest length, written as \uXXXX, have 1.6 MB. */
const MOST_TEXT = 2 ** 21;
/** Adam7: first column and row, steps. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export interface Size {
  width: number;
  height: number;
}

export interface PngLayout extends Size {
  /** Bits a pixel. */
  depth: number;
  interlaced: boolean;
}

/**
 * @param bytes with a signature
 * @param keyword of a text that is kept, where it is not compressed
 * @returns a PNG of header, palette, that text and data alone
 * @throws {Error} for chunks that do not fit together, wrong checksums, and data that is not the header's
 */
export function boundedPng(bytes: Uint8Array, layout: PngLayout, keyword?: string): Uint8Array {
  const kept: Uint8Array[] = [bytes.subarray(0, SIGNATURE_BYTES)];
  const data: Uint8Array[] = [];
  let palette = false;
  for (const { type, content, whole } of chunks(bytes)) {
    const first = kept.length === 1;
    if (first !== (type === 'IHDR') || (first && content.length !== 13)) throw new Error(`${type} where it may not be`);
    if (type === 'PLTE') {
      if (palette || data.length > 0 || content.length > 768) throw new Error('PLTE where it may not be');
      palette = true;
    }
    if (type === 'IHDR' || type === 'PLTE' || isText(type, content, keyword)) kept.push(whole);
    else if (type === 'IDAT') data.push(content);
  }
  return Buffer.concat([
    ...kept,
    chunk('IDAT', boundedData(Buffer.concat(data), layout)),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** Whether it is the plain text of this keyword; a decoder inflates every other kind of text. */
function isText(type: string, content: Uint8Array, keyword: string | undefined): boolean {
  if (type !== 'tEXt' || keyword === undefined) return false;
  const start = Buffer.from(`${keyword}\0`, 'latin1');
  if (!start.equals(content.subarray(0, start.length))) return false;
  if (content.length > MOST_TEXT) throw new Error(`the text ${keyword} has more than ${MOST_TEXT} bytes`);
  return true;
}

/** The compressed data without what follows its end. */
function boundedData(data: Uint8Array, layout: PngLayout): Uint8Array {
  const expected = inflatedBytes(layout);
  const { buffer, engine } = inflateSync(data, { maxOutputLength: expected, info: true }) as unknown as {
    buffer: Uint8Array;
    engine: { bytesWritten: number };
  };
  if (buffer.length !== expected)
    throw new Error(`${buffer.length} bytes of pixels where the header means ${expected}`);
  return data.subarray(0, engine.bytesWritten);
}

/** Every row has a byte for its filter. */
function inflatedBytes({ width, height, depth, interlaced }: PngLayout): number {
  const rows = (columns: number, lines: number): number =>
    columns > 0 ? lines * (1 + Math.ceil((columns * depth) / 8)) : 0;
  if (!interlaced) return rows(width, height);
  return PASSES.reduce(
    (sum, [x, y, right, down]) => sum + rows(Math.ceil((width - x) / right), Math.ceil((height - y) / down)),
    0,
  );
}

function* chunks(bytes: Uint8Array): Generator<{ type: string; content: Uint8Array; whole: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE_BYTES; at + FRAME_BYTES <= bytes.length; ) {
    const end = at + FRAME_BYTES + view.getUint32(at);
    if (end > bytes.length) throw new Error('a chunk ends behind the end of the file');
    const named = bytes.subarray(at + 4, end - 4);
    const type = Buffer.from(named.subarray(0, 4)).toString('latin1');
    if (crc32(named) !== view.getUint32(end - 4))
      throw new Error(`the checksum of ${JSON.stringify(type)} is another one`);
    if (type === 'IEND') return;
    yield { type, content: named.subarray(4), whole: bytes.subarray(at, end) };
    at = end;
  }
  throw new Error('it has no end');
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const out = Buffer.alloc(FRAME_BYTES + content.length);
  out.writeUInt32BE(content.length, 0);
  out.write(type, 4, 'latin1');
  out.set(content, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + content.length)), 8 + content.length);
  return out;
}
