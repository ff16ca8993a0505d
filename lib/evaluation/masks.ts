/** Which truth a picture was compared with. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { LabelMap } from '../labels/index.js';

/** Masks that are read at once. */
const AT_ONCE = 8;

/** Sixteen digits of a mask's labels and size; how its file is packed does not count. */
export function maskDigest({ labels, width, height }: LabelMap): string {
  return createHash('sha256').update(`${width}×${height}\n`).update(labels).digest('hex').slice(0, 16);
}

/**
 * Compares masks of earlier records with those that are there now.
 *
 * @param digests id → digest
 * @throws {InvSegError} `INVALID_OPTION` for a mask that has changed; the data set's codes for one that cannot be
 * read any more
 */
export async function checkMasks(
  dataset: Dataset,
  digests: ReadonlyMap<string, string>,
  stop: () => void,
): Promise<void> {
  const all = [...digests];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    stop();
    await Promise.all(all.slice(from, from + AT_ONCE).map(([id, digest]) => checkMask(dataset, id, digest)));
  }
}

/** @throws as `checkMasks` */
export async function checkMask(dataset: Dataset, id: string, digest: string): Promise<void> {
  const mask = await (await dataset.item(id)).loadMask();
  if (maskDigest(mask) === digest) return;
  throw new InvSegError(
    'INVALID_OPTION',
    `${id}: it was counted with another mask than the one that is there now; put the masks back, ` +
      'name another folder, or remove the journal of this one to start anew',
  );
}
