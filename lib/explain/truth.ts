/** A ground-truth mask: the indices of a PNG as the data sets write them (0 background, 255 ignored), and their names. */

import type { Size } from '../datasets/index.js';
import { decodeNamedMask } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { IGNORED } from '../labels/index.js';
import type { FileError } from '../system/index.js';
import { LIMITS, readBounded } from '../system/index.js';

/** A class by its name, or by its names: what a vocabulary calls an aeroplane may be asked for as an airplane. */
export type Names = string | readonly string[];

export interface Truth {
  /** [height × width] index into `classes`, or 255 where the pixel does not count. */
  labels: Uint8Array;
  /** The categories of the result (background last), then names that only the mask has. */
  classes: string[];
}

export interface IndexMask {
  /** [height × width] 0 the background, 1, 2, … the names, 255 ignored. */
  mask: Uint8Array;
  /** Of the indices 1, 2, …, where the mask says them itself. */
  names: string[] | undefined;
}

/** @throws {InvSegError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `MASK_INVALID` (no indices, another size than the picture's) */
export async function readIndexMask(file: string, picture: Size): Promise<IndexMask> {
  const bytes = await readBounded(file, LIMITS.mask).catch((cause: FileError) => {
    throw new InvSegError(cause.missing ? 'IMAGE_NOT_FOUND' : 'IMAGE_UNREADABLE', `${file}: ${cause.message}`, {
      cause,
    });
  });
  const { values, names: own } = decodeNamedMask(bytes, file, picture);
  if (!own) return { mask: values, names: undefined };
  const names = own.names.filter((_, i) => i !== own.background);
  const indexOf = (i: number): number => {
    if (i >= own.names.length) return IGNORED;
    return i === own.background ? 0 : 1 + names.indexOf(own.names[i]!);
  };
  const to = Uint8Array.from({ length: 256 }, (_, i) => indexOf(i));
  return { mask: values.map((value) => to[value]!), names };
}

/**
 * Indices → classes of the result.
 *
 * @param mask [height × width]
 * @param names of the indices 1, 2, …, each one name or several for the same; default: the categories in their order
 * @throws {InvSegError} `INVALID_OPTION` for an index without a name
 */
export function readTruth(mask: Uint8Array, categories: readonly string[], names?: readonly Names[]): Truth {
  const background = categories.length - 1;
  const classes = [...categories];
  const lookup = new Map<number, number>([
    [0, background],
    [IGNORED, IGNORED],
  ]);
  const known = names ?? categories.slice(0, -1);
  const labels = mask.map((index) => {
    const found = lookup.get(index);
    if (found !== undefined) return found;
    const named = known[index - 1];
    if (named === undefined) {
      const few = `Expected a name for index ${index} of the mask; only ${known.length} are named (--mask-names)`;
      throw new InvSegError('INVALID_OPTION', few);
    }
    const same = (typeof named === 'string' ? [named] : named).map((name) => name.trim());
    const at = classes.findIndex((other) => same.some((name) => name.toLowerCase() === other.toLowerCase()));
    const label = at >= 0 ? at : classes.push(same[0]!) - 1;
    lookup.set(index, label);
    return label;
  });
  return { labels, classes };
}
