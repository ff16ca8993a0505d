/**
 * Images in, RGB bytes out. sharp only decodes: resizing is the engine's, because sharp's enlarging differs from the
 * reference's by up to 24 levels.
 *
 * What an image goes through: EXIF orientation, embedded colour profile and CMYK to sRGB, 16 bits to 8, grey to RGB,
 * transparency over white, the first frame of an animation (with a warning). Formats are the raster ones that sharp's
 * own build reads: JPEG, PNG, WebP, GIF, TIFF, AVIF. SVG is refused: it has no pixels of its own, its size is
 * arbitrary, and its text depends on the machine's fonts, so that masks would not repeat.
 */

import type { Sharp } from 'sharp';
import { shownPath } from '../addresses.js';
import { record, show } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { copyRgb } from './rgb.js';
import { checkSize, MAX_PIXELS, open, readHeader, readPictureFile, reason, unreadable } from './source.js';

export { MAX_PIXELS };

/** Pixels without a file around them, row by row. */
export interface RawImage {
  /** One byte per sample, [height × width × channels]; an `ImageData` fits. */
  data: Uint8Array | Uint8ClampedArray;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; left out, it follows from the length. */
  channels?: number | undefined;
}

/**
 * A path; the bytes of a file; a sharp pipeline; raw pixels. A sharp pipeline is taken as it stands (orientation,
 * cropping and limits are its own), so that the labels fit the image that it makes.
 */
export type ImageInput = string | Uint8Array | Sharp | RawImage;

/** Options of `decodeImage`. */
export interface DecodeOptions {
  /** Ends the call with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Images with more pixels are refused by their header; default 100 million. */
  maxPixels?: number | undefined;
}

/** An image as the engine takes it: sRGB, upright, without transparency. */
export interface DecodedImage {
  /** One byte per sample, [height × width × 3]. */
  rgb: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** What was left out, such as further frames of an animation. */
  warnings: string[];
}

/**
 * Decodes one image: EXIF orientation, colour profile and CMYK to sRGB, 16 bits to 8, transparency over white.
 *
 * @param input path, bytes of a file (JPEG, PNG, WebP, GIF, TIFF, AVIF), sharp instance, or raw pixels
 * @param options signal, and the largest number of pixels
 * @returns RGB bytes [height × width × 3]
 * @throws {InvSegError} `IMAGE_NOT_FOUND` (no such file), `IMAGE_UNREADABLE` (folder, empty, damaged or truncated
 * file, not an image), `IMAGE_TOO_LARGE` (before anything is decoded), `IMAGE_INVALID` (not an input; raw sizes that
 * do not fit), `INVALID_OPTION`, `ABORTED`. The first line names the image.
 * @example
 * ```ts
 * import { decodeImage } from 'invseg-native';
 *
 * const { rgb, width, height } = await decodeImage('cat.jpg');
 * console.log(rgb.length === width * height * 3); // true
 * ```
 */
export async function decodeImage(input: ImageInput, options: DecodeOptions = {}): Promise<DecodedImage> {
  record(options, 'options', 'an object with signal or maxPixels');
  const { signal, maxPixels = MAX_PIXELS } = options;
  throwIfAborted(signal);
  let image: DecodedImage;
  if (typeof input === 'string') image = await decodeFile(input, maxPixels, signal);
  else if (input instanceof Uint8Array) image = await decodeBytes(input, `image of ${input.length} bytes`, maxPixels);
  else if (isSharp(input)) image = await decodePixels(input.clone(), 'sharp image', maxPixels, []);
  else if (isRaw(input)) image = decodeRaw(input, maxPixels);
  else {
    const data = (input as Partial<RawImage> | null | undefined)?.data as unknown;
    if (data !== undefined) {
      throw new InvSegError(
        'IMAGE_INVALID',
        `Expected a Uint8Array or a Uint8ClampedArray for data of the raw image but received ${show(data)}`,
      );
    }
    const type = input === null ? 'null' : typeof input;
    throw new InvSegError(
      'IMAGE_INVALID',
      `Expected a path, a Buffer, a sharp instance or { data, width, height } for the image but received ${type}`,
    );
  }
  throwIfAborted(signal);
  return image;
}

async function decodeFile(file: string, maxPixels: number, signal: AbortSignal | undefined): Promise<DecodedImage> {
  const name = shownPath(file);
  let content: Buffer;
  try {
    content = await readPictureFile(file, maxPixels, signal);
  } catch (cause) {
    throwIfAborted(signal);
    throw cause;
  }
  return decodeBytes(content, name, maxPixels);
}

async function decodeBytes(bytes: Uint8Array, name: string, maxPixels: number): Promise<DecodedImage> {
  const { pages = 1 } = await readHeader(bytes, name, maxPixels);
  const warnings = pages > 1 ? [`${name}: only the first of ${pages} frames or pages is used`] : [];
  return decodePixels(open(bytes).autoOrient(), name, maxPixels, warnings);
}

async function decodePixels(source: Sharp, name: string, maxPixels: number, warnings: string[]): Promise<DecodedImage> {
  try {
    const pipeline = source.toColourspace('srgb').raw({ depth: 'uchar' });
    const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
    checkSize(name, info.width, info.height, maxPixels);
    return { rgb: copyRgb(data, info.channels), width: info.width, height: info.height, warnings };
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw unreadable(name, `it is damaged or truncated (${reason(cause)})`, cause);
  }
}

function decodeRaw({ data, width, height, channels }: RawImage, maxPixels: number): DecodedImage {
  for (const [side, value] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new InvSegError(
        'IMAGE_INVALID',
        `Expected a positive integer for ${side} of the raw image but received ${show(value)}`,
      );
    }
  }
  checkSize('raw image', width, height, maxPixels);
  if (channels !== undefined && ![1, 2, 3, 4].includes(channels)) {
    throw new InvSegError(
      'IMAGE_INVALID',
      `Expected 1 to 4 for channels of the raw image but received ${show(channels)}`,
    );
  }
  const depth = channels ?? data.length / (width * height);
  if (![1, 2, 3, 4].includes(depth) || data.length !== width * height * depth) {
    const each =
      channels === undefined ? '1 to 4 bytes per pixel' : `${width * height * channels} bytes (${channels} per pixel)`;
    throw new InvSegError(
      'IMAGE_INVALID',
      `Expected ${each} for a raw image of ${width}×${height} but received ${data.length} bytes`,
    );
  }
  return { rgb: copyRgb(data, depth), width, height, warnings: [] };
}

// By its methods: the caller's sharp may be another copy of the package.
function isSharp(value: unknown): value is Sharp {
  const candidate = value as Partial<Sharp> | null | undefined;
  return ['clone', 'metadata', 'toColourspace', 'raw', 'toBuffer'].every(
    (method) => typeof candidate?.[method as keyof Sharp] === 'function',
  );
}

function isRaw(value: unknown): value is RawImage {
  const data = (value as Partial<RawImage> | null | undefined)?.data;
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InvSegError('ABORTED', 'Aborted while an image was read', { cause: signal.reason });
}
