/**
 * Random weights in a folder that a caller named. Nothing in it is written over: not what is somebody else's, and not what another
 * process reads. One process writes at a time; the next one uses what is whole, and goes on with the rest.
 */
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvSegError } from '../errors.js';
import { FileLock, freeBytes, makeFolder, sweepTemporaries, unwritable } from '../system/index.js';
import type { Part } from './random-parts.js';
import { markOf } from './random-parts.js';

/** Beside the weights: what a file system takes for itself. */
const SPARE = 64 * 2 ** 20;
/** What our processes leave beside the parts, and nobody else: the lock, claims on it, temporary files. */
const OWN = '.invseg-';
const LOCK = `${OWN}random.lock`;
/** Between two looks at the process that writes, in milliseconds. */
const PAUSE = 100;

/**
 * @param parts the index first
 * @throws {InvSegError} `OUTPUT_FAILED`, also for a folder that holds anything else; `ABORTED`
 */
export async function keepParts(
  folder: string,
  name: string,
  parts: readonly Part[],
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    for (;;) {
      const missing = await missingParts(folder, name, parts);
      if (missing.length === 0) return;
      checkAborted(signal);
      // Before the folder is made: what fails for want of room leaves no trace.
      if (!(await exists(folder))) checkRoom(folder, missing);
      await makeFolder(folder);
      const lock = await FileLock.take(path.join(folder, LOCK));
      if (!(lock instanceof FileLock)) {
        await sleep(PAUSE);
        continue;
      }
      await using _ = lock;
      return await writeParts(folder, await missingParts(folder, name, parts), signal);
    }
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw unwritable(folder, cause);
  }
}

/** Into a folder that is this call's alone. @throws {InvSegError} `OUTPUT_FAILED`; `ABORTED` */
export async function writeParts(
  folder: string,
  parts: readonly Part[],
  signal: AbortSignal | undefined,
): Promise<void> {
  checkAborted(signal);
  checkRoom(folder, parts);
  for (const part of parts) {
    const place = path.dirname(path.join(folder, part.file));
    await makeFolder(place);
    await sweepTemporaries(place);
    await part.write(folder, signal);
  }
}

/** @throws {InvSegError} `OUTPUT_FAILED` where something is there that is none of these parts */
async function missingParts(folder: string, name: string, parts: readonly Part[]): Promise<Part[]> {
  // Before the index, which is written first: another process may be at work.
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const mark = await markOf(folder);
  if (mark === undefined) {
    const foreign = names.find((entry) => !entry.startsWith(OWN));
    if (foreign !== undefined) refuseFolder(folder, name, `there is ${foreign}`);
    return [...parts];
  }
  if (mark === null) refuseFolder(folder, name, 'its model_index.json has no mark of such weights');
  if (mark !== name) refuseFolder(folder, name, `its random weights are marked as ${JSON.stringify(mark)}`);
  const missing: Part[] = [];
  for (const part of parts) {
    if (!(await exists(path.join(folder, part.file)))) missing.push(part);
    else if (!(await part.isWritten(folder))) refuseFolder(folder, name, `${part.file} holds something else`);
  }
  return missing;
}

function refuseFolder(folder: string, name: string, found: string): never {
  throw new InvSegError(
    'OUTPUT_FAILED',
    `${folder}: expected an empty folder, or one with random weights of ${name}, but ${found}; name another folder`,
  );
}

function checkRoom(folder: string, parts: readonly Part[]): void {
  const needed = parts.reduce((sum, { bytes }) => sum + bytes, SPARE);
  const free = freeBytes(folder);
  if (free >= needed) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new InvSegError(
    'OUTPUT_FAILED',
    `Expected room for ${gigabytes(needed)} of random weights in ${folder} but there are ${gigabytes(free)}; name a folder elsewhere`,
  );
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new InvSegError('ABORTED', 'Aborted before all random weights were written', { cause: signal.reason });
}

/** A link to nowhere is there. */
const exists = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
