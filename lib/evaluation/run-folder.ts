/** A run's folder: the names of its files, and how they come to be. */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { lockFile } from '../journal/index.js';
import { shortStem, sweepTemporaries, writeWholeFile } from '../system/index.js';

export const JOURNAL = 'journal.jsonl';
/** Thumbnails and labels of the best and the worst pictures. */
export const PICTURES = 'pictures';

export const journalOf = (folder: string): string => path.join(folder, JOURNAL);

/**
 * Files of one picture below the run's folder. But for a few signs and its length, an id is a file name on every
 * system.
 */
export function pictureFiles(id: string): Record<'truth' | 'predicted' | 'labels', string> {
  const stem = path.join(PICTURES, shortStem(encodeURIComponent(id).replaceAll('*', '%2A'), '+'));
  return { truth: `${stem}.truth.webp`, predicted: `${stem}.predicted.webp`, labels: `${stem}.labels.png` };
}

/** @param restart throws the journal of an earlier run away @throws {InvSegError} `OUTPUT_FAILED` */
export async function openFolder(folder: string, restart: boolean): Promise<void> {
  try {
    await makeFolder(path.resolve(folder));
    await sweepTemporaries(folder);
    if (!restart) return;
    // Not under the hands of a process that is at work.
    await using _ = await lockFile(journalOf(folder));
    await rm(journalOf(folder), { force: true });
    await rm(path.join(folder, PICTURES), { recursive: true, force: true });
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw unwritable(folder, cause);
  }
}

/** Writes beside the target and renames, so that a file is whole or not there. @throws {InvSegError} `OUTPUT_FAILED` */
export async function writeInto(folder: string, name: string, content: Uint8Array): Promise<void> {
  const file = path.join(folder, name);
  try {
    await makeFolder(path.dirname(path.resolve(file)));
    await writeWholeFile(file, content);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/**
 * Makes a folder and those above it; that somebody else makes them at the same time does not matter. Not `mkdir`'s own recursion: under
 * /proc, where a missing folder cannot be made, Node's never ends.
 */
export async function makeFolder(folder: string): Promise<void> {
  const make = (): Promise<void> =>
    mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
    });
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    await makeFolder(path.dirname(folder));
    await make();
  });
}

const unwritable = (file: string, cause: unknown): InvSegError =>
  new InvSegError('OUTPUT_FAILED', `${file}: it cannot be written (${(cause as Error).message})`, { cause });
