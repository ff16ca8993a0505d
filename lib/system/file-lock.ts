/**
 * One process at a time, across processes, containers and the hosts of a shared folder.
 *
 * proper-lockfile was looked at and is not used: it removes a stale lock before it makes its own, so that two
 * processes that both saw the stale one can both hold it; it knows a dead process by its silence alone, so that a
 * restart has to wait; its last release is of 2021. Here the lock of a process of the same table is judged by the
 * table, at once; any other one by its heartbeat. A dead lock is never removed: whoever has the right to that one
 * lock, by a lock on its token, renames its own over it.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError, openFile } from './files.js';
import type { ProcessId } from './processes.js';
import { livenessOf, ownProcess } from './processes.js';
import { temporaryIn } from './whole-file.js';

/** Milliseconds. */
export interface LockTiming {
  /** Between two signs of life. */
  beat: number;
  /** Silence after which a process that cannot be looked at counts as dead. */
  lease: number;
}

const TIMING: LockTiming = { beat: 5_000, lease: 30_000 };

/** Between two looks at somebody who is just taking a lock over, in milliseconds. */
const PAUSE = 5;

/** Times that a lock may be given back between two looks. */
const MOST_GONE = 1000;

/** Bytes of a lock that are read; what is longer is none of ours. */
const MOST_BYTES = 4096;

/** A lock as it is found. */
interface Found {
  /** No other lock ever has it. */
  token: string;
  /** undefined where the text is none of ours. */
  holder: ProcessId | undefined;
  /** Last sign of life by the clock of the file system, nanoseconds. */
  beat: bigint;
}

/** Of a lock whose holder wrote nothing that can be read. */
const NOBODY: ProcessId = { host: 'unknown', place: '', pid: 0, started: null };

export class FileLock implements AsyncDisposable {
  readonly #file: string;
  readonly #token: string;
  readonly #handle: FileHandle;
  readonly #text: string;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<unknown> = Promise.resolve();

  private constructor(file: string, token: string, text: string, handle: FileHandle) {
    this.#file = file;
    this.#token = token;
    this.#text = text;
    this.#handle = handle;
  }

  /**
   * Takes the lock, or says who has it. Where its holder runs elsewhere and may be dead, this waits for a sign of
   * life, at most `lease`.
   *
   * @param file of the lock, in a folder that is there
   * @throws what the file system throws
   */
  static async take(file: string, timing: LockTiming = TIMING): Promise<FileLock | ProcessId> {
    const lock = await FileLock.#acquire(file, timing);
    if (!(lock instanceof FileLock)) return lock;
    lock.#timer = setInterval(() => (lock.#beating = lock.#beat()), timing.beat).unref();
    await lock.#tidy();
    return lock;
  }

  /** False where the lock has gone or was taken over: this process was silent for too long, and may not go on. */
  async isHeld(): Promise<boolean> {
    return (await read(this.#file))?.token === this.#token;
  }

  /** Gives the lock back. Never rejects: a lock that cannot be removed is that of a dead process soon. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    try {
      // By the same right as a take-over, so that nobody's newer lock is removed. A full disk has no room for it.
      const claim = await FileLock.#make(claimOf(this.#file, this.#token)).catch(() => 'no room' as const);
      if (claim && (await this.isHeld())) await rm(this.#file, { force: true });
      if (claim instanceof FileLock) await claim.#drop();
    } catch {
      // The folder may have gone.
    } finally {
      await this.#handle.close().catch(() => {});
    }
  }

  static async #acquire(file: string, timing: LockTiming): Promise<FileLock | ProcessId> {
    for (let gone = 0; gone < MOST_GONE; ) {
      const made = await FileLock.#make(file);
      if (made) return made;
      const found = await read(file);
      if (!found) {
        gone++; // given back in between
        continue;
      }
      const verdict = await judge(file, found, timing);
      if (verdict === 'alive') return found.holder ?? NOBODY;
      if (verdict === 'changed') continue;
      const taken = await FileLock.#takeOver(file, found.token, timing);
      if (taken) return taken;
    }
    throw new Error(`${file} can neither be made nor read; is it a link to nowhere?`);
  }

  /**
   * Only the holder of `claim` may replace or remove the lock with this token, and it looks once more before it does:
   * whoever comes later finds another token. A claim is a lock like any other, so that one who dies while holding it
   * stops nobody.
   */
  static async #takeOver(file: string, token: string, timing: LockTiming): Promise<FileLock | undefined> {
    const claim = await FileLock.#acquire(claimOf(file, token), timing);
    if (!(claim instanceof FileLock)) {
      await sleep(PAUSE);
      return undefined;
    }
    try {
      if ((await read(file))?.token !== token) return undefined;
      const { lock, temporary } = await FileLock.#write(file);
      try {
        await rename(temporary, file);
      } catch (error) {
        await lock.#handle.close();
        await rm(temporary, { force: true });
        throw error;
      }
      return lock;
    } finally {
      await claim.#drop();
    }
  }

  /** @returns undefined where there is one already; nobody sees it half written */
  static async #make(file: string): Promise<FileLock | undefined> {
    const { lock, temporary } = await FileLock.#write(file);
    try {
      await link(temporary, file);
      return lock;
    } catch (error) {
      await lock.#handle.close();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return undefined;
      if (!NO_LINKS.has(code ?? '')) throw error;
    } finally {
      await rm(temporary, { force: true });
    }
    return FileLock.#makeUnlinked(file);
  }

  /** On file systems without links: for a moment others see an empty lock, and wait for what becomes of it. */
  static async #makeUnlinked(file: string): Promise<FileLock | undefined> {
    try {
      const handle = await open(file, 'wx');
      const { token, text } = ownText();
      await handle.write(text, 0);
      return new FileLock(file, token, text, handle);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw error;
    }
  }

  static async #write(file: string): Promise<{ lock: FileLock; temporary: string }> {
    const temporary = temporaryIn(path.dirname(file));
    const handle = await open(temporary, 'wx');
    const { token, text } = ownText();
    try {
      await handle.write(text, 0);
    } catch (error) {
      await handle.close();
      await rm(temporary, { force: true });
      throw error;
    }
    return { lock: new FileLock(file, token, text, handle), temporary };
  }

  /**
   * Written, not touched: the file server's clock counts, not this host's. By the handle, so never into another's
   * lock.
   */
  async #beat(): Promise<void> {
    try {
      await this.#handle.write(this.#text, 0);
      await this.#handle.datasync();
    } catch {
      // `isHeld` tells whether it mattered.
    }
  }

  async #drop(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#file, { force: true });
  }

  /** Claims on earlier locks, left by processes that were killed: no lock has their tokens any more. */
  async #tidy(): Promise<void> {
    const folder = path.dirname(this.#file);
    const start = `${path.basename(this.#file)}.`;
    const old = (name: string): boolean => {
      const token = name.startsWith(start) ? /^([0-9a-f]{16})\.claim/.exec(name.slice(start.length))?.[1] : undefined;
      return token !== undefined && token !== this.#token;
    };
    const names = await readdir(folder).catch(() => []);
    await Promise.all(names.filter(old).map((name) => rm(path.join(folder, name), { force: true })));
  }
}

const NO_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

const claimOf = (file: string, token: string): string => `${file}.${token}.claim`;

function ownText(): { token: string; text: string } {
  const token = randomBytes(8).toString('hex');
  return { token, text: `${JSON.stringify({ ...ownProcess(), token })}\n` };
}

/** @returns undefined where there is none */
async function read(file: string): Promise<Found | undefined> {
  try {
    // Opened, not only asked for its time: a file server's client then asks the server.
    await using handle = (await openFile(file)).handle;
    const content = Buffer.alloc(MOST_BYTES);
    const { bytesRead } = await handle.read(content, 0, MOST_BYTES, 0);
    const beat = (await handle.stat({ bigint: true })).mtimeNs;
    return { ...parse(content.toString('utf8', 0, bytesRead)), beat };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw error instanceof FileError ? new Error(`${file}: ${message}`, { cause: error }) : error;
  }
}

/** A text that is no lock, as a machine that lost its power may leave it, goes by its age alone. */
function parse(text: string): Omit<Found, 'beat'> {
  const other = { token: createHash('sha256').update(text).digest('hex').slice(0, 16), holder: undefined };
  try {
    const { host, place, pid, started, token } = JSON.parse(text) as Partial<ProcessId & { token: string }>;
    const isPlace = typeof host === 'string' && typeof place === 'string';
    if (!isPlace || !Number.isInteger(pid) || !/^[0-9a-f]{16}$/.test(token ?? '')) return other;
    return { token: token!, holder: { host, place, pid: pid!, started: typeof started === 'string' ? started : null } };
  } catch {
    return other;
  }
}

/** `changed`: it is another lock by now, or none. */
async function judge(file: string, found: Found, { beat, lease }: LockTiming): Promise<'alive' | 'dead' | 'changed'> {
  const liveness = found.holder ? livenessOf(found.holder) : 'unknown';
  if (liveness !== 'unknown') return liveness;
  const silent = Number((await now(path.dirname(file))) - found.beat) / 1e6;
  const end = performance.now() + lease - Math.max(0, silent);
  for (;;) {
    const left = end - performance.now();
    if (left <= 0) return 'dead';
    await sleep(Math.min(left, beat / 2));
    const again = await read(file);
    if (again?.token !== found.token) return 'changed';
    if (again.beat !== found.beat) return 'alive';
  }
}

/** By the clock of the folder's file system, nanoseconds. */
async function now(folder: string): Promise<bigint> {
  const temporary = temporaryIn(folder);
  await using handle = await open(temporary, 'wx');
  await rm(temporary, { force: true });
  await handle.write(' ');
  return (await handle.stat({ bigint: true })).mtimeNs;
}
