/** Files of a data set, which stay below its root. */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { describeAddress, shownPath } from '../addresses.js';
import type { ErrorCode } from '../errors.js';
import { InvSegError } from '../errors.js';
import { decodeText, FileError, LIMITS, readBounded } from '../system/index.js';

export type Links = 'refuse' | 'follow';

export class Root {
  /** Absolute, all links resolved. */
  readonly folder: string;
  /** The folder that the user named; links may lead anywhere below it. */
  readonly #top: string;
  readonly #links: Links;

  private constructor(folder: string, top: string, links: Links) {
    this.folder = folder;
    this.#top = top;
    this.#links = links;
  }

  /** The root itself may be a link. @throws {InvSegError} `DATASET_NOT_FOUND` */
  static async open(folder: string, links: Links): Promise<Root> {
    const found = await stat(folder).catch(() => undefined);
    const why = describeAddress(folder) ?? "there is no such folder; name the data set's root";
    if (!found) throw new InvSegError('DATASET_NOT_FOUND', `${shownPath(folder)}: ${why}`);
    if (!found.isDirectory())
      throw new InvSegError('DATASET_NOT_FOUND', `${folder}: it is a file; name the data set's root folder`);
    const top = await realpath(folder);
    return new Root(top, top, links);
  }

  /** Below the root, as written: nothing is looked up. */
  at(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  /**
   * The data set's own folder: the first of `candidates` that has all of `marks`.
   * @param candidates below the root, with / between their parts; '' is the root
   * @throws {InvSegError} `DATASET_NOT_FOUND` saying where it was looked for
   */
  async descend(candidates: readonly string[], ...marks: string[]): Promise<Root> {
    for (const candidate of candidates) {
      const folder = await this.find(candidate);
      if (folder === undefined) continue;
      const inner = new Root(folder, this.#top, this.#links);
      if ((await Promise.all(marks.map((mark) => inner.has(mark)))).every(Boolean)) return inner;
    }
    const places = candidates.map((candidate) => this.at(candidate)).join(', ');
    throw new InvSegError(
      'DATASET_NOT_FOUND',
      `Expected a folder with ${marks.join(' and ')} but found none at ${places}`,
    );
  }

  async has(...parts: string[]): Promise<boolean> {
    return stat(this.at(...parts)).then(
      () => true,
      () => false,
    );
  }

  /**
   * The real path of a file, or undefined where there is none.
   * @throws {InvSegError} `DATASET_INVALID` where a link leads out of the root
   */
  async find(...parts: string[]): Promise<string | undefined> {
    const file = this.at(...parts);
    const real = await realpath(file).catch(() => undefined);
    if (real !== undefined && this.#links === 'refuse' && !isBelow(real, this.#top)) {
      throw new InvSegError(
        'DATASET_INVALID',
        `${file}: a link leads out of the data set, to ${real}; allow it with links: follow (--links follow)`,
      );
    }
    return real;
  }

  /**
   * Names of the files of a folder, sorted by code units, hidden ones and folders left out.
   * @throws {InvSegError} `DATASET_NOT_FOUND`
   */
  async list(...parts: string[]): Promise<string[]> {
    const folder = this.at(...parts);
    await this.find(...parts);
    try {
      const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
      return entries
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('.'))
        .sort();
    } catch (cause) {
      throw new InvSegError('DATASET_NOT_FOUND', `${folder}: ${whyNot(cause, 'folder')}`, { cause });
    }
  }

  /** Of at most 128 MiB. @throws {InvSegError} `code` where there is no such file, or it cannot be read */
  async read(code: ErrorCode, ...parts: string[]): Promise<Buffer> {
    const file = this.at(...parts);
    try {
      return await readBounded((await this.find(...parts)) ?? file, LIMITS.mask);
    } catch (cause) {
      if (cause instanceof InvSegError) throw cause;
      throw new InvSegError(code, `${file}: ${whyNot(cause, 'file')}`, { cause });
    }
  }

  /** The same as text, without a byte order mark. @throws {InvSegError} `invalid` where it is not UTF-8 */
  async readText(missing: ErrorCode, invalid: ErrorCode, ...parts: string[]): Promise<string> {
    const bytes = await this.read(missing, ...parts);
    try {
      return decodeText(bytes);
    } catch (cause) {
      throw new InvSegError(invalid, `${this.at(...parts)}: ${(cause as FileError).message}`, { cause });
    }
  }
}

function isBelow(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** Why a file or folder cannot be read, in words. */
export function whyNot(cause: unknown, what: 'file' | 'folder'): string {
  if (cause instanceof FileError) return cause.message;
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return `there is no such ${what}`;
  if (code === 'EISDIR') return 'it is a folder, not a file';
  return `it cannot be read (${code ?? message})`;
}
