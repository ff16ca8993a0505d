/** One process at a time at a journal; two would count pictures twice, or tear each other's lines. */
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { InvSegError } from '../errors.js';

/** Who holds a lock. A number of a process is used again some day: with its start it is one process for good. */
interface Holder {
  host: string;
  pid: number;
  /** In the system's own units; null where it does not tell. */
  started: string | null;
}

/** Times that a lock of an ended process is taken away before another process is found to be quicker. */
const TRIES = 5;

/**
 * Holds `<file>.lock` until it is disposed of. The lock of a process that was killed does not count.
 * @throws {InvSegError} `OUTPUT_FAILED` naming the process that is at work, or what the file system says
 */
export async function lockFile(file: string): Promise<AsyncDisposable> {
  const lock = `${file}.lock`;
  const own: Holder = { host: hostname(), pid: process.pid, started: await startOf(process.pid) };
  for (let i = 0; i < TRIES; i++) {
    if (await make(lock, own)) return { [Symbol.asyncDispose]: () => rm(lock, { force: true }) };
    const holder = await holderOf(lock);
    if (holder && (await isAtWork(holder, own))) throw taken(file, lock, holder, own);
    await rm(lock, { force: true });
  }
  throw new InvSegError('OUTPUT_FAILED', `${path.dirname(file)}: other processes begin a run there at the same time; name another folder`);
}

/** @returns false where there is one already; nobody sees it half written */
async function make(lock: string, own: Holder): Promise<boolean> {
  const whole = `${lock}.${own.pid}.tmp`;
  try {
    await writeFile(whole, `${JSON.stringify(own)}\n`);
    await link(whole, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(whole, { force: true });
  }
}

function taken(file: string, lock: string, { host, pid }: Holder, own: Holder): InvSegError {
  const folder = path.dirname(file);
  const then =
    host === own.host
      ? 'wait for it, or name another folder'
      : `name another folder, or, if it has ended, delete ${lock}`;
  return new InvSegError('OUTPUT_FAILED', `${folder}: process ${pid}${host === own.host ? '' : ` of host ${host}`} is at work there; ${then}`);
}

/** undefined where the file has gone, or was never finished. */
async function holderOf(lock: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await readFile(lock, 'utf8')) as Partial<Holder> | null;
    if (typeof value?.host !== 'string' || !Number.isInteger(value.pid)) return undefined;
    return { host: value.host, pid: value.pid!, started: value.started ?? null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of another host nothing can be known, so it counts as at work. */
async function isAtWork(holder: Holder, own: Holder): Promise<boolean> {
  if (holder.host !== own.host) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = await startOf(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Linux alone says when a process began: the 22nd field of its `stat`, the 20th after the name in brackets. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
