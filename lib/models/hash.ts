/** SHA-256 of weight files, so that a result can say what it was made with. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InvSegError } from '../errors.js';

export interface FileHash {
  path: string;
  bytes: number;
  /** Hexadecimal; the value that `sha256sum` prints and that model hubs show. */
  sha256: string;
}

// A file of gigabytes takes seconds, so each is hashed once a process while it stays the same.
const known = new Map<string, Promise<string>>();

/** @throws InvSegError `WEIGHTS_NOT_FOUND` where the file is gone, `WEIGHTS_INVALID` where it cannot be read. */
export async function hashFile(file: string): Promise<FileHash> {
  const found = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw new InvSegError('WEIGHTS_NOT_FOUND', `${file}: there is no such file`, { cause });
  });
  const key = `${path.resolve(file)}\0${found.mtimeNs}\0${found.size}`;
  let hash = known.get(key);
  if (!hash) {
    hash = digest(file);
    known.set(key, hash);
    hash.catch(() => known.delete(key));
  }
  return { path: file, bytes: Number(found.size), sha256: await hash };
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: 2 ** 20 }), hash);
  } catch (cause) {
    throw new InvSegError('WEIGHTS_INVALID', `${file}: it cannot be read (${(cause as Error).message})`, { cause });
  }
  return hash.digest('hex');
}

/**
 * One value for several files: the SHA-256 of what `sha256sum FILE…` prints for them, called in `folder` with the files
 * in the given order. One file alone gives its own hash.
 */
export async function hashFiles(folder: string, files: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const file of files) {
    const { sha256 } = await hashFile(file);
    lines.push(`${sha256}  ${path.relative(folder, file).split(path.sep).join('/')}\n`);
  }
  return lines.length === 1 ? lines[0]!.slice(0, 64) : createHash('sha256').update(lines.join('')).digest('hex');
}
