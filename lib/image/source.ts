/**
 * A picture's bytes: from a file whose size fits its pixels, of a format that is read, looked at before anything is
 * decoded.
 */
import { stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { describeAddress, shownPath } from '../addresses.js';
import { InvSegError } from '../errors.js';
import { FileError, readBounded, readStart } from '../system/index.js';
import { formatOf, looksLikeSvg, START_BYTES } from './format.js';

/** 100 megapixels: 300 MB as RGB bytes. */
export const MAX_PIXELS = 100_000_000;
/** Larger files are refused unread; no picture within `MAX_PIXELS` needs as much. */
const MAX_FILE_BYTES = 2 ** 30;
/** From here on the header is read by path first, and has to explain the size. */
const LARGE_FILE_BYTES = 2 ** 24;
/** Four channels of 32 bits: what an uncompressed file takes at most. */
const PIXEL_BYTES = 16;

/**
 * Reads a whole file.
 *
 * @throws {InvSegError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`; what `signal` was aborted with
 */
export async function readPictureFile(file: string, maxPixels: number, signal?: AbortSignal): Promise<Buffer> {
  const name = shownPath(file);
  const bytes = await fileSize(file, name);
  if (bytes > MAX_FILE_BYTES) {
    throw new InvSegError('IMAGE_TOO_LARGE', `${name}: ${bytes} bytes; files of at most ${MAX_FILE_BYTES} are read`);
  }
  try {
    if (bytes > LARGE_FILE_BYTES) await checkLarge(file, name, bytes, maxPixels);
    // Read here and not by libvips, which keeps files open and cached by name.
    return await readBounded(file, Math.max(bytes, LARGE_FILE_BYTES), signal);
  } catch (cause) {
    if (cause instanceof FileError) throw unreadable(name, cause.message, cause);
    throw cause;
  }
}

/** A picture of a few pixels has no gigabyte: what is read whole is in proportion to what is decoded. */
async function checkLarge(file: string, name: string, bytes: number, maxPixels: number): Promise<void> {
  checkFormat(await readStart(file, START_BYTES), name);
  const { width, height } = await readMetadata(open(file), name, maxPixels);
  const most = LARGE_FILE_BYTES + PIXEL_BYTES * width * height;
  if (bytes <= most) return;
  throw new InvSegError(
    'IMAGE_TOO_LARGE',
    `${name}: ${bytes} bytes; an image of ${width}×${height} has at most ${most}`,
  );
}

/** Size of a regular file. @param name for messages */
async function fileSize(file: string, name: string): Promise<number> {
  if (file === '')
    throw new InvSegError('IMAGE_NOT_FOUND', 'Expected the path of an image but received an empty string');
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw unreadable(name, 'it is a folder, not an image');
    if (!found.isFile()) throw unreadable(name, 'it is not a regular file');
    return found.size;
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const address = describeAddress(file);
    if (address !== undefined) throw new InvSegError('IMAGE_NOT_FOUND', `${name}: ${address}`);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new InvSegError('IMAGE_NOT_FOUND', `${name}: there is no such file`);
    throw unreadable(name, `it cannot be read (${code ?? reason(cause)})`, cause);
  }
}

/**
 * Header of a picture's bytes.
 *
 * @throws {InvSegError} `IMAGE_UNREADABLE` for what is no picture of a format that is read, `IMAGE_TOO_LARGE`
 */
export async function readHeader(bytes: Uint8Array, name: string, maxPixels: number): Promise<Metadata> {
  if (bytes.length === 0) throw unreadable(name, 'it is empty');
  checkFormat(bytes, name);
  return readMetadata(open(bytes), name, maxPixels);
}

/** `failOn: 'warning'`, since a truncated JPEG is only a warning to libvips; our own limit instead of sharp's. */
export function open(source: string | Uint8Array): Sharp {
  return sharp(source, { failOn: 'warning', limitInputPixels: false, pages: 1 });
}

/** sharp would read an SVG too, and inflate a compressed one to any size before it says how large it is. */
function checkFormat(bytes: Uint8Array, name: string): void {
  if (formatOf(bytes) !== undefined) return;
  if (looksLikeSvg(bytes)) throw unreadable(name, 'SVG has no pixels of its own; render it to PNG first');
  throw unreadable(name, 'it is not an image that can be read (none of JPEG, PNG, WebP, GIF, TIFF and AVIF)');
}

async function readMetadata(source: Sharp, name: string, maxPixels: number): Promise<Metadata> {
  let header: Metadata;
  try {
    header = await source.metadata();
  } catch (cause) {
    throw unreadable(name, `it is not an image that can be read (${reason(cause)})`, cause);
  }
  checkSize(name, header.width, header.height, maxPixels);
  return header;
}

/** @throws {InvSegError} `IMAGE_TOO_LARGE` */
export function checkSize(name: string, width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  const mega = (pixels: number): string => `${Math.round(pixels / 1e5) / 10}`;
  throw new InvSegError(
    'IMAGE_TOO_LARGE',
    `${name}: ${width}×${height} is ${mega(width * height)} megapixels; at most ${mega(maxPixels)} are decoded`,
  );
}

export function unreadable(name: string, why: string, cause?: unknown): InvSegError {
  return new InvSegError('IMAGE_UNREADABLE', `${name}: ${why}`, cause === undefined ? undefined : { cause });
}

/** First line of what a library said. */
export function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.trim();
}
