/** Which pictures: the lines of a list file, or the names in a folder. */
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { isFileName } from './options.js';
import type { Root } from './places.js';
import type { SkippedItem } from './types.js';

export interface IdList {
  ids: string[];
  /** Lines that name no picture of their own; errors unless they are skipped. */
  problems: SkippedItem[];
}

/**
 * One id a line; empty lines and the spaces around an id do not count.
 * @param parts of the file below the root
 * @throws {InvSegError} `DATASET_NOT_FOUND` without the file; `DATASET_INVALID` where it has no id or is not UTF-8
 */
export async function readList(root: Root, ...parts: string[]): Promise<IdList> {
  const file = root.at(...parts);
  const text = await root.readText('DATASET_NOT_FOUND', 'DATASET_INVALID', ...parts);
  const ids = new Set<string>();
  const problems: SkippedItem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const id = line.trim();
    if (id === '') continue;
    const why = problemOf(id, ids);
    if (why === undefined) ids.add(id);
    else problems.push({ id, code: 'DATASET_INVALID', message: `${file}: line ${index + 1}: ${why}` });
  }
  if (ids.size === 0 && problems.length === 0)
    throw new InvSegError('DATASET_INVALID', `${file}: the list is empty; it needs one id a line`);
  return { ids: [...ids], problems };
}

function problemOf(id: string, before: ReadonlySet<string>): string | undefined {
  const shown = JSON.stringify(id.length > 80 ? `${id.slice(0, 80)}…` : id);
  if (before.has(id)) return `${shown} is there twice`;
  if (id.split(/[/\\]/).includes('..')) return `${shown} leads out of the data set`;
  if (!isFileName(id)) return `${shown} is no id; expected a file name without folder and ending`;
  return undefined;
}

/**
 * The stems of a folder's files that end with one of `endings`.
 * @throws {InvSegError} `DATASET_NOT_FOUND` without the folder; `DATASET_INVALID` where it has no such file
 */
export async function listIds(root: Root, folder: string, endings: readonly string[]): Promise<IdList> {
  const files = (await root.list(...folder.split('/'))).filter((name) =>
    endings.includes(path.extname(name).toLowerCase()),
  );
  const first = new Map<string, string>();
  const problems: SkippedItem[] = [];
  for (const name of files) {
    const id = path.parse(name).name;
    const before = first.get(id);
    if (before === undefined) first.set(id, name);
    else
      problems.push({
        id,
        code: 'DATASET_INVALID',
        message: `${root.at(folder, name)}: the id ${id} is there twice, also as ${before}`,
      });
  }
  if (files.length === 0)
    throw new InvSegError('DATASET_INVALID', `${root.at(folder)}: there is no image (${endings.join(', ')})`);
  return { ids: [...first.keys()], problems };
}
