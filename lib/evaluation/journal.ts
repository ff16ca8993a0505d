/**
 * A journal of results: one JSON object a line, the first one the settings that all others were made with. What it holds is
 * never computed again, so a long run can be ended at any moment and goes on where it was.
 */
import { open, readFile, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { InvSegError } from '../errors.js';

/** JSON data; numbers must be finite, or they would come back as null. */
export type JournalRecord = { readonly [key: string]: unknown };

export class Journal<T extends JournalRecord> implements AsyncDisposable {
  /** What the file held when it was opened. */
  readonly records: readonly T[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, records: readonly T[]) {
    this.#file = file;
    this.records = records;
  }

  /**
   * Opens a journal, or makes one. A torn last line, left by a process that was killed while it wrote, is dropped.
   * @throws {InvSegError} `OUTPUT_FAILED`; `INVALID_OPTION` where the file was made with other settings, naming each
   */
  static async open<T extends JournalRecord>(path: string, settings: JournalRecord): Promise<Journal<T>> {
    try {
      const lines = await readLines(path);
      const [header, ...records] = lines as [{ settings?: JournalRecord } | undefined, ...T[]];
      if (header !== undefined) checkSettings(path, header.settings ?? {}, settings);
      const journal = new Journal<T>(await open(path, 'a'), records);
      if (header === undefined) await journal.#write({ settings });
      return journal;
    } catch (cause) {
      if (cause instanceof InvSegError) throw cause;
      throw new InvSegError('OUTPUT_FAILED', `${path}: the journal cannot be written (${(cause as Error).message})`, { cause });
    }
  }

  /** Appends a record; once the promise is fulfilled it survives the process and the machine. @throws {InvSegError} `OUTPUT_FAILED` */
  async append(record: T): Promise<void> {
    try {
      await this.#write(record);
    } catch (cause) {
      throw new InvSegError('OUTPUT_FAILED', `The journal cannot be written (${(cause as Error).message})`, { cause });
    }
  }

  async #write(value: unknown): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(value)}\n`);
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Every whole line; the file is cut after the last one. */
async function readLines(path: string): Promise<unknown[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length) await truncate(path, Buffer.byteLength(text.slice(0, end)));
  return text.slice(0, end).split('\n').filter(Boolean).map((line, i) => {
    try {
      return JSON.parse(line) as unknown;
    } catch (cause) {
      throw new InvSegError('OUTPUT_FAILED', `${path}: line ${i + 1} is no JSON; move the file away to start anew`, { cause });
    }
  });
}

function checkSettings(path: string, theirs: JournalRecord, ours: JournalRecord): void {
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
  const text = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
  // Through JSON, as the file went: it turns undefined into nothing.
  const different = keys.filter((key) => text(theirs[key]) !== text(ours[key]));
  if (different.length === 0) return;
  const lines = different.map((key) => `  ${key}: ${text(theirs[key])} there, ${text(ours[key])} now`);
  throw new InvSegError(
    'INVALID_OPTION',
    `${path} was made with other settings: ${different.join(', ')}. Use them again, or name another folder\n${lines.join('\n')}`,
  );
}
