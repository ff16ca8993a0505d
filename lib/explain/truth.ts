/** A ground-truth mask: the indices of a PNG as the data sets write them (0 background, 255 ignored), and their names. */
import { decodePngMask } from '../datasets/png-mask.js';
import type { Size } from '../datasets/png-mask.js';
import { InvSegError } from '../errors.js';
import { LIMITS, readBounded } from '../files.js';
import type { FileError } from '../files.js';
import { IGNORED } from '../datasets/types.js';

/** A class by its name, or by its names: what a vocabulary calls an aeroplane may be asked for as an airplane. */
export type Names = string | readonly string[];

export interface Truth {
  /** [height × width] index into `classes`, or 255 where the pixel does not count. */
  labels: Uint8Array;
  /** The categories of the result (background last), then names that only the mask has. */
  classes: string[];
}

/** @throws {InvSegError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `MASK_INVALID` (no indices, another size than the picture's) */
export async function readIndexMask(file: string, picture: Size): Promise<Uint8Array> {
  const bytes = await readBounded(file, LIMITS.mask).catch((cause: FileError) => {
    throw new InvSegError(cause.missing ? 'IMAGE_NOT_FOUND' : 'IMAGE_UNREADABLE', `${file}: ${cause.message}`, { cause });
  });
  return decodePngMask(bytes, file, picture);
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
  const lookup = new Map<number, number>([[0, background], [IGNORED, IGNORED]]);
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
