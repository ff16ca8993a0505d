/** Where results go: folders that can be written to, and files that are whole or not there. */
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { sweepTemporaries, temporaryIn, writeWholeFile } from './whole-file.js';

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

/** The same, where nothing may be waited for. */
export function makeFolderSync(folder: string): void {
  const make = (): void => {
    try {
      mkdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
    }
  };
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    makeFolderSync(path.dirname(folder));
    make();
  }
}

/**
 * Makes the folder and tries it, so that nothing is computed for nowhere.
 * @throws {InvSegError} `OUTPUT_FAILED`
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(path.resolve(folder));
    await sweepTemporaries(folder);
    // Its name goes at once: a process that is killed from here on leaves nothing.
    const probe = temporaryIn(folder);
    await using _ = await open(probe, 'wx');
    await rm(probe);
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

/**
 * A new folder for what goes again.
 * @param start of its name
 * @throws {InvSegError} `OUTPUT_FAILED`
 */
export async function temporaryFolder(start: string): Promise<string> {
  const place = tmpdir();
  try {
    return await mkdtemp(path.join(place, start));
  } catch (cause) {
    throw unwritable(place, cause, '; name another temporary folder in TMPDIR');
  }
}

/** Writes beside the target and renames: a reader, and whoever comes after Ctrl-C, sees whole files only. */
export async function writeWhole(file: string, content: Uint8Array | string): Promise<void> {
  try {
    await writeWholeFile(file, content);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** The error of a file or folder that cannot be written. @param advice what to do about it */
export function unwritable(file: string, cause: unknown, advice = ''): InvSegError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = reasons[code ?? ''] ?? code ?? message;
  return new InvSegError('OUTPUT_FAILED', `${file}: it cannot be written (${why})${advice}`, { cause });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EROFS: 'read-only',
  ENOSPC: 'no space left',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
};
