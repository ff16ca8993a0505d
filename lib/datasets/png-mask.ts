/**
 * PNG → the values of its pixels, as they stand in the file: palette indices or grey levels, never colours. (sharp
 * expands a palette to RGB, and the indices are gone.)
 */

import { decode } from 'fast-png';
import { InvSegError } from '../errors.js';
import type { LabelNames } from '../labels/index.js';
import { LABEL_NAMES, parseLabelNames } from '../labels/index.js';
import type { Size } from './png-chunks.js';
import { boundedPng } from './png-chunks.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Colour types of the PNG specification. */
const GREY = 0;
const PALETTE = 3;

/**
 * @param file for messages
 * @param expected size of the picture; another one is refused by the header, before anything is decoded
 * @returns [height × width]
 * @throws {InvSegError} `MASK_INVALID`: no PNG, another size, colours, 16 bits, truncated or damaged (checksums are tested)
 */
export function decodePngMask(bytes: Uint8Array, file: string, expected: Size): Uint8Array {
  return decodeNamedMask(bytes, file, expected).values;
}

export interface NamedMask {
  /** [height × width] */
  values: Uint8Array;
  names: LabelNames | undefined;
}

/** `decodePngMask`, with what the mask says its values stand for. */
export function decodeNamedMask(bytes: Uint8Array, file: string, expected: Size): NamedMask {
  const { width, height, depth, colour, interlaced } = readHeader(bytes, file);
  if (width !== expected.width || height !== expected.height) throw wrongSize(file, { width, height }, expected);
  if (colour !== GREY && colour !== PALETTE) {
    throw invalid(
      file,
      'a mask is a palette or grey PNG, its pixels indices of classes; this one has colours, which name no class',
    );
  }
  if (depth === 16) throw invalid(file, 'it has 16 bits a pixel; labels are 8 bits');
  if (depth < 8 && (colour === GREY || interlaced)) {
    // One bit of grey may mean 1 or 255; interlaced rows of parts of bytes are nothing that fast-png reads.
    throw invalid(file, `it is ${interlaced ? 'interlaced' : 'grey'} with ${depth} bits a pixel; write it with 8 bits`);
  }
  let data: Uint8Array;
  let named: string | undefined;
  try {
    const png = decode(boundedPng(bytes, { width, height, depth, interlaced }, LABEL_NAMES));
    data = png.data as Uint8Array;
    named = Object.hasOwn(png.text, LABEL_NAMES) ? png.text[LABEL_NAMES] : undefined;
  } catch (cause) {
    throw invalid(file, `it is truncated or damaged (${(cause as Error).message})`, cause);
  }
  const values = depth === 8 ? data : unpack(data, width, height, depth);
  return { values, names: named === undefined ? undefined : parseLabelNames(named, file) };
}

export function wrongSize(file: string, found: Size, expected: Size): InvSegError {
  const turned = found.width === expected.height && found.height === expected.width;
  const hint = turned ? '; the image may have an EXIF orientation that the mask does not follow' : '';
  return invalid(
    file,
    `the mask is ${found.width}×${found.height}, its image ${expected.width}×${expected.height}${hint}`,
  );
}

function readHeader(bytes: Uint8Array, file: string) {
  if (bytes.length === 0) throw invalid(file, 'it is empty');
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw invalid(file, 'it is not a PNG');
  if (bytes.length < 33) throw invalid(file, 'it is truncated within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    depth: bytes[24]!,
    colour: bytes[25]!,
    interlaced: bytes[28] !== 0,
  };
}

/** Rows of 1, 2 or 4 bits a pixel, each beginning with a byte of its own, the first pixel in the high bits. */
function unpack(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const row = Math.ceil((width * depth) / 8);
  const perByte = 8 / depth;
  const mask = (1 << depth) - 1;
  const values = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shift = 8 - depth * ((x % perByte) + 1);
      values[at++] = (data[y * row + Math.floor(x / perByte)]! >> shift) & mask;
    }
  }
  return values;
}

export function invalid(file: string, why: string, cause?: unknown): InvSegError {
  return new InvSegError('MASK_INVALID', `${file}: ${why}`, cause === undefined ? undefined : { cause });
}
