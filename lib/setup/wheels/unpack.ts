/** Takes files out of a wheel: a zip archive with the hash of each file in RECORD. Nothing in it is trusted. */
import { createHash } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import path from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, fromBufferPromise, openPromise, type ZipFile } from 'yauzl';
import { InvSegError } from '../../errors.js';
import { makeFolderSync } from '../../system/index.js';
import type { Advance } from '../progress.js';

/** Of a wheel of torch: 13,000 files and 1.1 GB; of one of NVIDIA's: 0.9 GB. */
const LIMITS = { entries: 200_000, bytes: 8 * 2 ** 30, text: 64 * 2 ** 20 } as const;

const HOW = {
  autoClose: false,
  lazyEntries: true,
  decodeStrings: true,
  strictFileNames: true,
  validateEntrySizes: true,
} as const;

export class Wheel {
  readonly #file: string;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  #record: ReadonlyMap<string, string> | undefined;

  private constructor(file: string, zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#zip = zip;
    this.#entries = entries;
  }

  /**
   * Opens a wheel and looks at every entry before anything is written.
   *
   * @throws {InvSegError} `WHEEL_INVALID`: no zip archive, or one with names that lead elsewhere, links, encrypted or overlapping
   * files, two of one name, or more than any wheel has
   */
  static async open(source: string | Buffer, name = String(source)): Promise<Wheel> {
    const opened = typeof source === 'string' ? openPromise(source, HOW) : fromBufferPromise(source, HOW);
    const zip = await opened.catch((error: unknown) => {
      throw invalid(name, (error as Error).message, error);
    });
    try {
      const size = typeof source === 'string' ? statSync(source).size : source.length;
      return new Wheel(name, zip, await readEntries(name, size, zip));
    } catch (error) {
      zip.close();
      throw error instanceof InvSegError ? error : invalid(name, (error as Error).message, error);
    }
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A small file of it as text; undefined where it has none of this name. */
  async text(name: string): Promise<string | undefined> {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    if (entry.uncompressedSize > LIMITS.text) throw invalid(this.#file, `${name} is larger than any of its kind`);
    const parts: Buffer[] = [];
    try {
      for await (const part of (await this.#zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
        parts.push(part);
    } catch (error) {
      throw invalid(this.#file, `${name}: ${(error as Error).message}`, error);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  /** The text of `<package>.dist-info/<name>`. */
  async info(name: string): Promise<string | undefined> {
    const full = this.names.find(
      (entry) => /^[^/]+\.dist-info\//.test(entry) && entry.split('/').slice(1).join('/') === name,
    );
    return full === undefined ? undefined : this.text(full);
  }

  /** Bytes that the chosen files have unpacked. */
  size(chosen: (name: string) => boolean): number {
    return this.#chosen(chosen).reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
  }

  /**
   * Writes the chosen files into `folder`, which must have none of them, and checks each one's hash.
   *
   * @throws {InvSegError} `WHEEL_INVALID` where a file is not as RECORD and the archive's own table say; `SETUP_FAILED` where it
   * cannot be written
   */
  async extract(
    chosen: (name: string) => boolean,
    folder: string,
    advance: Advance,
    signal?: AbortSignal,
  ): Promise<number> {
    const entries = this.#chosen(chosen);
    const total = this.size(chosen);
    const record = await this.#hashes();
    let done = 0;
    for (const entry of entries) {
      if (signal?.aborted)
        throw new InvSegError('ABORTED', 'The set-up was interrupted; the next one unpacks the wheel anew.');
      const wanted = record.get(entry.fileName);
      if (wanted === undefined) throw invalid(this.#file, `${entry.fileName} has no SHA-256 in its RECORD`);
      const got = await this.#write(entry, path.join(folder, entry.fileName));
      if (got !== wanted) throw invalid(this.#file, `${entry.fileName} is not the file that its RECORD names`);
      done += entry.uncompressedSize;
      advance(done, total);
    }
    return entries.length;
  }

  close(): void {
    this.#zip.close();
  }

  #chosen(chosen: (name: string) => boolean): Entry[] {
    return [...this.#entries.values()].filter(({ fileName }) => chosen(fileName));
  }

  async #write(entry: Entry, file: string): Promise<string> {
    const hash = createHash('sha256');
    const hashing = new Transform({
      transform(part: Buffer, _, done) {
        hash.update(part);
        done(null, part);
      },
    });
    try {
      makeFolderSync(path.dirname(file));
      const from: Readable = await this.#zip.openReadStreamPromise(entry);
      await pipeline(from, hashing, createWriteStream(file, { flags: 'wx', mode: 0o644 }));
    } catch (error) {
      const { code, message, syscall } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw invalid(this.#file, `${entry.fileName}: ${message}`, error);
      const wayOut = code === 'ENOSPC' ? 'make room, or name' : 'name';
      const what = code === 'ENOSPC' ? 'the disk is full' : message;
      const told = `Could not unpack ${file}: ${what}; ${wayOut} another folder with INVSEG_CACHE.`;
      throw new InvSegError('SETUP_FAILED', told, { cause: error });
    }
    return hash.digest('base64url');
  }

  /** SHA-256 of each file in base64url, by RECORD. */
  async #hashes(): Promise<ReadonlyMap<string, string>> {
    if (this.#record) return this.#record;
    const text = await this.info('RECORD');
    if (text === undefined) throw invalid(this.#file, 'it has no RECORD of its files');
    const rows = text.split(/\r?\n/).flatMap((row): [string, string][] => {
      const [, quoted, bare, hash] = /^(?:"((?:[^"]|"")*)"|([^,]*)),sha256=([\w-]{43})=*,\d*$/.exec(row) ?? [];
      const name = quoted?.replaceAll('""', '"') ?? bare;
      return name === undefined || hash === undefined ? [] : [[name, hash]];
    });
    this.#record = new Map(rows);
    return this.#record;
  }
}

/** Kinds of files in the upper half of an entry's attributes, as Unix has them; zero where the maker set none. */
const KIND = { mask: 0o170000, file: 0o100000, folder: 0o040000 } as const;

async function readEntries(file: string, size: number, zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > LIMITS.entries) throw invalid(file, `it has ${zip.entryCount} files`);
  const entries = new Map<string, Entry>();
  let packed = 0;
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, externalFileAttributes: attributes } = entry;
    const kind = (attributes >>> 16) & KIND.mask;
    if (name.endsWith('/')) continue;
    if (kind !== 0 && kind !== KIND.file) throw invalid(file, `${name} is a link or another special file`);
    if (name.includes('\0') || name.split('/').some((part) => part === '' || part === '.' || part === '..'))
      throw invalid(file, `it has a file of the name ${JSON.stringify(name)}`);
    if (entry.isEncrypted() || !entry.canDecodeFileData())
      throw invalid(file, `${name} is encrypted or packed in a way that is not known`);
    if (entries.has(name)) throw invalid(file, `it has two files of the name ${name}`);
    entries.set(name, entry);
    packed += entry.compressedSize;
    bytes += entry.uncompressedSize;
  }
  // Files that share their packed bytes grow without an end.
  if (packed > size) throw invalid(file, 'its files overlap');
  if (bytes > LIMITS.bytes)
    throw invalid(file, `unpacked it has ${bytes} bytes, and no wheel has more than ${LIMITS.bytes}`);
  return entries;
}

function invalid(file: string, what: string, cause?: unknown): InvSegError {
  const told = `${file} is not a wheel that can be taken: ${what.replace(/\.+$/, '')}. Fetch it again from where it came, or give another one with --wheel.`;
  return new InvSegError('WHEEL_INVALID', told, { cause });
}
