/** A run's folder: the names of its files, and how they come to be. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { lockFile } from '../journal/index.js';
import { makeFolder, shortStem, sweepTemporaries, unwritable, writeWhole } from '../system/index.js';

const JOURNAL = 'journal.jsonl';
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

/** Before a run is read: one that is not there is a mistake of the call, not of the disk. @throws {InvSegError} `INVALID_OPTION` */
export async function requireRun(folder: string): Promise<void> {
  const code = await stat(journalOf(folder)).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code,
  );
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return;
  const there = await stat(folder).then(
    (found) => (found.isDirectory() ? `it has no ${JOURNAL}` : 'it is not a folder'),
    () => 'there is no such folder',
  );
  throw new InvSegError(
    'INVALID_OPTION',
    `${folder}: ${there}; expected the folder of a run that evaluate or merge wrote`,
  );
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

/** @throws {InvSegError} `OUTPUT_FAILED` */
export async function writeInto(folder: string, name: string, content: Uint8Array): Promise<void> {
  const file = path.join(folder, name);
  await makeFolder(path.dirname(path.resolve(file))).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
  await writeWhole(file, content);
}
