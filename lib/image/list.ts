/** Which pictures a command line means. */

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { describeAddress, shownPath } from '../addresses.js';
import { refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';

/** File names that a folder's pictures end with; a file named by itself may end with anything. */
export const IMAGE_EXTENSIONS = ['.avif', '.gif', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp'];

/**
 * Lists images: files, folders (their own images, not those of folders below) and globs become sorted paths, each file
 * once.
 *
 * @param patterns paths of files and folders, and globs
 * @returns paths in the order of their code units
 * @throws {InvSegError} `INVALID_OPTION`; `IMAGE_NOT_FOUND` naming the first pattern that matches no file; `IMAGE_UNREADABLE` for a
 * folder that cannot be listed
 * @example
 * ```ts
 * import { listImages } from 'invseg-native';
 *
 * const files = await listImages(['cat.jpg', 'photos/*.jpg']);
 * console.log(files.length);
 * ```
 */
export async function listImages(patterns: readonly string[]): Promise<string[]> {
  if (!Array.isArray(patterns)) refuse('patterns', 'a list of files, folders or patterns', patterns);
  const found = new Map<string, string>();
  for (const pattern of patterns) {
    if (typeof pattern !== 'string') refuse('patterns', 'files, folders or patterns', pattern);
    for (const file of await expand(pattern)) {
      const key = path.resolve(file);
      if (!found.has(key)) found.set(key, path.normalize(file));
    }
  }
  // By code units, so that the order does not depend on the machine's language.
  return [...found.values()].sort();
}

async function expand(pattern: string): Promise<string[]> {
  // What exists is meant literally, brackets and all.
  const kind = pattern === '' ? undefined : await stat(pattern).catch(() => undefined);
  if (kind?.isDirectory()) return listFolder(pattern);
  if (kind) return [pattern];
  // An address may look like a pattern: the ? of a query.
  const address = describeAddress(pattern);
  if (address !== undefined) throw notFound(pattern, address);
  if (!isDynamicPattern(pattern)) throw notFound(pattern, 'there is no such file or folder');
  const files = await glob(pattern.replaceAll(path.sep, '/'), {
    onlyFiles: true,
    expandDirectories: false,
    absolute: path.isAbsolute(pattern),
  });
  const images = files.filter(isImageName);
  if (images.length === 0) throw notFound(pattern, 'no image matches');
  return images;
}

async function listFolder(folder: string): Promise<string[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new InvSegError('IMAGE_UNREADABLE', `${folder}: the folder cannot be listed (${code})`, { cause });
  }
  const images = names.filter((name) => !name.startsWith('.') && isImageName(name));
  if (images.length === 0) {
    throw notFound(folder, `the folder has no image (${IMAGE_EXTENSIONS.join(', ')})`);
  }
  return images.map((name) => path.join(folder, name));
}

function isImageName(file: string): boolean {
  return IMAGE_EXTENSIONS.includes(path.extname(file).toLowerCase());
}

function notFound(pattern: string, why: string): InvSegError {
  return new InvSegError('IMAGE_NOT_FOUND', `${JSON.stringify(shownPath(pattern))}: ${why}`);
}
