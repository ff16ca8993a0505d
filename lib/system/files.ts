/** Files from outside: regular ones only, and never more of their bytes than the reader has use for. */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

/** Why a file is not read; `message` says it in words that go behind the file's name. */
export class FileError extends Error {
  /** The system's code, or `ENOTFILE` (a pipe, a device, …), `EFBIG` (more than the limit), `EILSEQ` (text that is not UTF-8). */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FileError';
    this.code = code;
  }

  /** Whether there is nothing of this name. */
  get missing(): boolean {
    return this.code === 'ENOENT' || this.code === 'ENOTDIR';
  }
}

/** Limits of whole files by what they hold, in bytes. A file of such a kind that people use stays far below. */
export const LIMITS = {
  /** Manifests and configurations. */
  manifest: 2 ** 20,
  /** Lists of tensors, of pictures; tokenizers. */
  list: 2 ** 26,
  /** Captions and names of a whole data set; COCO's training captions have 92 MB. */
  names: 2 ** 27,
  /** One TorchScript module without weights. */
  code: 2 ** 25,
  /** One mask; 100 megapixels of labels that do not compress at all. */
  mask: 2 ** 27,
} as const;

// A pipe without a writer would hold `open` up for ever; regular files do not know the flag.
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens a regular file. @throws {FileError} for anything else, without waiting for it */
export async function openFile(file: string): Promise<{ handle: FileHandle; bytes: number }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, READ);
    const found = await handle.stat();
    if (found.isDirectory()) throw new FileError('EISDIR', 'it is a folder, not a file');
    if (!found.isFile()) throw new FileError('ENOTFILE', 'it is not a regular file');
    return { handle, bytes: found.size };
  } catch (cause) {
    await handle?.close();
    throw fileError(cause);
  }
}

/**
 * Reads a whole regular file.
 *
 * @param limit bytes; a larger file is refused by its size, before anything of it is read
 * @throws {FileError}
 */
export async function readBounded(file: string, limit: number, signal?: AbortSignal): Promise<Buffer> {
  const { handle, bytes } = await openFile(file);
  try {
    if (bytes > limit) throw new FileError('EFBIG', `it has ${bytes} bytes; at most ${limit} are read`);
    // What is appended meanwhile is not read: the size was checked.
    const content = Buffer.alloc(bytes);
    let end = 0;
    while (end < bytes) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(content, end, Math.min(bytes - end, 2 ** 24), end);
      if (bytesRead === 0) break;
      end += bytesRead;
    }
    return content.subarray(0, end);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw fileError(cause);
  } finally {
    await handle.close();
  }
}

/** `readBounded` as text. @throws {FileError} */
export async function readText(file: string, limit: number): Promise<string> {
  return decodeText(await readBounded(file, limit));
}

/** UTF-8 as text, without its byte order mark. @throws {FileError} for anything else, which would be read as other words */
export function decodeText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new FileError('EILSEQ', `it is not UTF-8 (byte ${wrongByte(bytes)})`);
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Where the first sequence begins that is none of UTF-8. */
function wrongByte(bytes: Buffer): number {
  const replaced = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && bytes[at] === replaced[at]) at++;
  // A sequence that is cut short may begin like the sign that replaces it.
  while (!isUtf8(bytes.subarray(0, at))) at--;
  return at;
}

/** The first bytes of a regular file. @throws {FileError} */
export async function readStart(file: string, length: number): Promise<Buffer> {
  const { handle } = await openFile(file);
  try {
    const start = Buffer.alloc(length);
    const { bytesRead } = await handle.read(start, 0, length, 0);
    return start.subarray(0, bytesRead);
  } catch (cause) {
    throw fileError(cause);
  } finally {
    await handle.close();
  }
}

function fileError(cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new FileError(code, 'there is no such file', { cause });
  // A socket cannot be opened at all.
  if (code === 'ENXIO') return new FileError('ENOTFILE', 'it is not a regular file', { cause });
  return new FileError(code, `it cannot be read (${code || message})`, { cause });
}
