/**
 * A journal of results: one JSON object a line, the first one the settings that all others were made with, each with a checksum.
 * What it holds is never computed again, so a long run can be ended at any moment and goes on where it was.
 */

import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { parseJson } from '../system/index.js';
import { differences } from './differences.js';
import { wholeLines } from './lines.js';
import type { JournalLock } from './lock.js';
import { lockFile } from './lock.js';
import type { JournalRecord } from './seal.js';
import { seal, unseal } from './seal.js';

export class Journal<T extends JournalRecord> implements AsyncDisposable {
  /** What the file held when it was opened; empty where a reader took it. */
  readonly records: readonly T[];
  readonly #file: FileHandle;
  readonly #lock: JournalLock;
  readonly #path: string;

  private constructor(file: FileHandle, lock: JournalLock, path: string, records: readonly T[]) {
    this.#file = file;
    this.#lock = lock;
    this.#path = path;
    this.records = records;
  }

  /**
   * Opens a journal, or makes one; no other process may write to it meanwhile. A torn last line, left by a process that was killed while it wrote, is dropped.
   *
   * @param take gets the records one by one, with their place for messages, so that a long journal is never in memory as a whole
   * @throws {InvSegError} `OUTPUT_FAILED`, also where another process is at work there; `INVALID_OPTION` where the file was made with other settings, naming each
   */
  static async open<T extends JournalRecord>(
    file: string,
    settings: JournalRecord,
    take?: (record: T, where: string) => void,
  ): Promise<Journal<T>> {
    let lock: JournalLock | undefined;
    try {
      lock = await lockFile(file);
      const records: T[] = [];
      let end = 0;
      for await (const { header, record, where, end: at } of entries<T>(file)) {
        end = at;
        if (header !== undefined) checkSettings(file, header, settings);
        else (take ?? ((one: T) => records.push(one)))(record!, where);
      }
      const handle = await open(file, 'a');
      try {
        await handle.truncate(end);
        const journal = new Journal<T>(handle, lock, file, records);
        if (end === 0) {
          await journal.#write({ settings });
          await keepName(file);
        }
        return journal;
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (cause) {
      await lock?.[Symbol.asyncDispose]();
      if (cause instanceof InvSegError) throw cause;
      throw failed(file, cause);
    }
  }

  /** Appends a record; once the promise is fulfilled it survives the process and the machine. @throws {InvSegError} `OUTPUT_FAILED` */
  append(record: T): Promise<void> {
    return this.appendAll([record]);
  }

  /** Many at once: they survive when all of them are written. @throws {InvSegError} `OUTPUT_FAILED` */
  async appendAll(records: readonly T[]): Promise<void> {
    try {
      await this.#write(...records);
    } catch (cause) {
      throw cause instanceof InvSegError ? cause : failed(this.#path, cause);
    }
  }

  async #write(...values: unknown[]): Promise<void> {
    await this.#lock.confirm();
    await this.#file.appendFile(values.map((value) => `${seal(value)}\n`).join(''));
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    await this.#lock[Symbol.asyncDispose]();
  }
}

/**
 * A journal that is only read; its settings come first.
 * @throws {InvSegError} `OUTPUT_FAILED` where there is no journal, or one that is damaged or ends within a line
 */
export async function* readJournal<T extends JournalRecord>(
  file: string,
): AsyncGenerator<{ settings: JournalRecord; where: string } | { record: T; where: string }> {
  let empty = true;
  let torn = 0;
  for await (const { header, record, where } of entries<T>(file, (bytes) => (torn = bytes))) {
    empty = false;
    yield header === undefined ? { record: record!, where } : { settings: header, where };
  }
  // What was counted there would be left out in silence.
  if (torn > 0)
    throw new InvSegError(
      'OUTPUT_FAILED',
      `${file}: it ends in the middle of a line, as happens when a process is killed; run the same command again to resume`,
    );
  if (empty)
    throw new InvSegError('OUTPUT_FAILED', `${file}: there is no journal, or nothing in it; name the folder of a run`);
}

interface Entry<T> {
  /** Of the first line. */
  header?: JournalRecord;
  record?: T;
  /** File and line. */
  where: string;
  end: number;
}

async function* entries<T>(file: string, onRest?: (bytes: number) => void): AsyncGenerator<Entry<T>> {
  const there = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (there === undefined) return;
  // A device may have no end, and a pipe no second reading.
  if (!there.isFile())
    throw new InvSegError('OUTPUT_FAILED', `${file}: the journal cannot be written (it is not a file)`);
  for await (const { number, text, end } of wholeLines(file, onRest)) {
    const value = parse(file, number, text);
    const where = `${file}: line ${number}`;
    if (number > 1) yield { record: value as T, where, end };
    else if (typeof value.settings === 'object' && value.settings !== null)
      yield { header: value.settings as JournalRecord, where, end };
    else throw damaged(file, number, 'names no settings');
  }
}

function parse(file: string, number: number, line: string): Record<string, unknown> {
  const text = unseal(line);
  if (text === null) throw damaged(file, number, 'is not what was written: its checksum is that of something else');
  if (text === undefined)
    throw damaged(file, number, 'has no checksum: it is damaged, or written by a version before they were');
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw damaged(file, number, 'is no JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw damaged(file, number, 'is no record');
  return value as Record<string, unknown>;
}

const damaged = (file: string, line: number, why: string, cause?: unknown): InvSegError =>
  new InvSegError(
    'OUTPUT_FAILED',
    `${file}: line ${line} ${why}; name another folder, or remove the file to start anew`,
    { cause },
  );

const failed = (file: string, cause: unknown): InvSegError =>
  new InvSegError('OUTPUT_FAILED', `${file}: the journal cannot be written (${(cause as Error).message})`, { cause });

/** A new file's name is in its folder, which has to reach the disk as well. Not every file system can be asked. */
async function keepName(file: string): Promise<void> {
  try {
    await using folder = await open(path.dirname(path.resolve(file)), 'r');
    await folder.sync();
  } catch {
    // The records are no less whole for it.
  }
}

function checkSettings(file: string, theirs: JournalRecord, ours: JournalRecord): void {
  const found = differences(theirs, ours);
  if (found.length === 0) return;
  const lines = found.map(({ key, there, here }) => `  ${key}: ${there} there, ${here} now`);
  throw new InvSegError(
    'INVALID_OPTION',
    `${file} was made with other settings: ${found.map(({ key }) => key).join(', ')}. Use them again, name another folder, or remove the file to start anew\n${lines.join('\n')}`,
  );
}
