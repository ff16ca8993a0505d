/** Names of files that every file system takes. */
import { createHash } from 'node:crypto';

/** Bytes: a name has at most 255 everywhere, and an ending follows. */
const LONGEST = 200;

/**
 * A stem of at most 200 bytes (UTF-8). A longer one keeps its beginning, and a hash of the whole stands for the rest,
 * so that two stay two.
 *
 * @param mark stands before the hash; a sign that no short stem has where two must never be the same
 */
export function shortStem(stem: string, mark = '-'): string {
  if (Buffer.byteLength(stem) <= LONGEST) return stem;
  const hash = `${mark}${createHash('sha256').update(stem).digest('hex').slice(0, 16)}`;
  let kept = '';
  let bytes = hash.length;
  for (const sign of stem) {
    bytes += Buffer.byteLength(sign);
    if (bytes > LONGEST) break;
    kept += sign;
  }
  return kept + hash;
}
