/** Whether there is room for what the set-up writes. */
import { InvSegError } from '../errors.js';
import { freeBytes } from '../system/space.js';
import { bytesText } from './progress.js';

/**
 * @param what takes the room, for the message
 * @throws {InvSegError} `SETUP_FAILED`
 */
export function checkSpace(folder: string, needed: number, what: string): void {
  const free = freeBytes(folder);
  if (free >= needed) return;
  throw new InvSegError(
    'SETUP_FAILED',
    `${bytesText(free)} are free for ${folder}, and ${what} needs ${bytesText(needed)}: make room, or name another folder with ` +
      'INVSEG_CACHE.',
  );
}
