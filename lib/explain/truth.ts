/** A ground-truth mask: the indices of a PNG, and the names they stand for. */
import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import { InvSegError } from '../errors.js';
import { IGNORE } from './iou.js';

/** Indices as the data sets write them: 0 background, 1 … the names, 255 ignore. */
export interface IndexMask {
  /** [height × width] */
  indices: Uint8Array;
  width: number;
  height: number;
}

export interface Truth {
  /** [height × width] index into `classes`, or 255 where the pixel does not count. */
  labels: Uint8Array;
  /** The categories of the result (background last), then names that only the mask has. */
  classes: string[];
}

/**
 * sharp is not used here: it turns a palette's indices into colours.
 * @throws {InvSegError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `IMAGE_INVALID` (colours instead of indices)
 */
export async function readIndexMask(file: string): Promise<IndexMask> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const [code, why] = cause.code === 'ENOENT' ? (['IMAGE_NOT_FOUND', 'there is no such file'] as const) : (['IMAGE_UNREADABLE', `it cannot be read (${cause.code})`] as const);
    throw new InvSegError(code, `${file}: ${why}`, { cause });
  });
  let png;
  try {
    png = decode(bytes);
  } catch (cause) {
    throw new InvSegError('IMAGE_UNREADABLE', `${file}: it is not a PNG that can be read; a mask is a PNG`, { cause });
  }
  const { width, height, channels, depth, data } = png;
  if (channels !== 1 || depth > 8) {
    throw new InvSegError('IMAGE_INVALID', `${file}: Expected a palette or grey PNG with one index a pixel but received ${channels} channels of ${depth} bits`);
  }
  return { indices: unpack(data as Uint8Array, width, height, depth), width, height };
}

/** Several small indices to a byte, each row from a new byte, the first in the highest bits. */
function unpack(data: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  if (depth === 8) return data;
  const stride = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * stride + (bit >> 3)]!;
    return (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  });
}

/**
 * Indices → classes of the result.
 *
 * @param names of the indices 1, 2, …; default: the categories in their order
 * @throws {InvSegError} `INVALID_OPTION` for an index without a name, or a size that is not the picture's
 */
export function readTruth(mask: IndexMask, categories: readonly string[], picture: { width: number; height: number }, names?: readonly string[]): Truth {
  if (mask.width !== picture.width || mask.height !== picture.height) {
    throw new InvSegError('INVALID_OPTION', `Expected a mask as large as the picture (${picture.width} × ${picture.height}) but received ${mask.width} × ${mask.height}`);
  }
  const background = categories.length - 1;
  const classes = [...categories];
  const lookup = new Map<number, number>([[0, background], [IGNORE, IGNORE]]);
  const known = names ?? categories.slice(0, -1);
  const labels = mask.indices.map((index) => {
    const found = lookup.get(index);
    if (found !== undefined) return found;
    const name = known[index - 1];
    if (name === undefined) {
      throw new InvSegError('INVALID_OPTION', `Expected a name for index ${index} of the mask; only ${known.length} are named (--mask-names)`);
    }
    const at = classes.findIndex((other) => other.toLowerCase() === name.trim().toLowerCase());
    const label = at >= 0 ? at : classes.push(name.trim()) - 1;
    lookup.set(index, label);
    return label;
  });
  return { labels, classes };
}
