/** Whether the set-up can write where it has to, and has the room. */
import { accessSync, constants, statSync } from 'node:fs';
import { InvSegError } from '../errors.js';
import { freeBytes, nearestFolder } from '../system/index.js';
import { bytesText } from './progress.js';

const ELSEWHERE = 'name another folder with INVSEG_CACHE';

/**
 * @param folder may not be there yet
 * @param what takes the room, for the message
 * @throws {InvSegError} `SETUP_FAILED`
 */
export function checkSpace(folder: string, needed: number, what: string): void {
  const there = nearestFolder(folder);
  try {
    if (!statSync(there).isDirectory()) throw new Error(`${there} is a file`);
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { message } = error as Error;
    throw new InvSegError('SETUP_FAILED', `Nothing can be written to ${folder} (${message}): ${ELSEWHERE}.`, {
      cause: error,
    });
  }
  const free = freeBytes(there);
  if (free >= needed) return;
  throw new InvSegError(
    'SETUP_FAILED',
    `${bytesText(free)} are free for ${folder}, and ${what} needs ${bytesText(needed)}: make room, or ${ELSEWHERE}.`,
  );
}
