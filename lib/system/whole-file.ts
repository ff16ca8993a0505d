/** Files that are whole or not there, and what processes leave that are killed while they write one. */
import { createHash } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { livenessOf, ownProcess } from './processes.js';

/** Says whose it is: table of processes, number and start. Short, however long the name is that it will get. */
const TEMPORARY = /^\.invseg-([0-9a-f]{8})-(\d+)-(\d+|x)-\d+\.tmp/;

/** Age in milliseconds at which one of another host counts as left: nothing takes so long to write. */
const FORGOTTEN = 3_600_000;

let made = 0;

/** A name in `folder` that no other process and no other call has. */
export function temporaryIn(folder: string): string {
  const { place, pid, started } = ownProcess();
  return path.join(folder, `.invseg-${short(place)}-${pid}-${started ?? 'x'}-${++made}.tmp`);
}

/** Writes beside the target and renames: a reader, and whoever comes after a kill, sees whole files only. */
export async function writeWholeFile(file: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryIn(path.dirname(file));
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Removes the temporary files of processes that have ended; those of others stay. Never rejects. */
export async function sweepTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const match = TEMPORARY.exec(name);
    if (!match) continue;
    const file = path.join(folder, name);
    const [, place, pid, started] = match;
    if (!(await isLeft(file, place!, Number(pid), started === 'x' ? null : started!))) continue;
    await rm(file, { force: true }).catch(() => {});
  }
}

async function isLeft(file: string, place: string, pid: number, started: string | null): Promise<boolean> {
  const own = ownProcess();
  const liveness = place === short(own.place) ? livenessOf({ ...own, pid, started }) : 'unknown';
  if (liveness !== 'unknown') return liveness === 'dead';
  const age = await stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  return age > FORGOTTEN;
}

const short = (place: string): string => createHash('sha256').update(place).digest('hex').slice(0, 8);
