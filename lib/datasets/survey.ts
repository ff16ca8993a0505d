/** Which parts of a data set are on the disk. */
import path from 'node:path';
import type { LayoutPart } from './layouts.js';
import { layouts } from './layouts.js';
import type { Links } from './places.js';
import { Root } from './places.js';
import type { DatasetKind } from './types.js';
import { datasetKinds } from './types.js';

/** A file or folder that a kind of data set has. */
export interface FoundPart {
  /** In words. */
  what: string;
  /** Whether the kind can do without it. */
  need: LayoutPart['need'];
  /** Absolute; where it is missing, where it would be. */
  path: string;
  /** Whether it was found. */
  there: boolean;
  /** Number of files of a folder, hidden ones left out. */
  files?: number;
  /** Of a folder of lists: their names. */
  lists?: string[];
  /** What to do where it is missing. */
  fix?: string;
}

/** What is there, part by part. @throws {InvSegError} `DATASET_NOT_FOUND` without the root */
export async function surveyLayout(
  kind: DatasetKind,
  folder: string,
  split: string | undefined,
  links: Links,
): Promise<FoundPart[]> {
  const { homes, parts } = layouts[kind];
  const root = await Root.open(folder, links);
  const mark = parts[0]!.candidates[0]!;
  // Without pictures any home will do to say where they should be.
  const home = homes.length > 1 ? await root.descend(homes, mark).catch(() => root) : root;
  return Promise.all(parts.map((part) => findPart(home, part, split ?? '')));
}

async function findPart(home: Root, { what, need, candidates, fix }: LayoutPart, split: string): Promise<FoundPart> {
  const named = candidates.map((candidate) => candidate.replace('{split}', split));
  for (const candidate of named) {
    if (!(await home.has(candidate))) continue;
    const found = { what, need, path: home.at(candidate), there: true };
    const files = await home.list(candidate).catch(() => undefined);
    if (files === undefined) return found;
    const lists = what.includes('lists')
      ? { lists: files.filter((name) => name.endsWith('.txt')).map((name) => path.parse(name).name) }
      : {};
    return { ...found, files: files.length, ...lists };
  }
  return { what, need, path: home.at(named[0]!), there: false, fix: fix.replace('{split}', split) };
}

/** Other kinds that the folder looks like; a wrong `--kind` is the likeliest mistake. */
export async function similarKinds(kind: DatasetKind, folder: string, links: Links): Promise<DatasetKind[]> {
  const found: DatasetKind[] = [];
  for (const other of datasetKinds.filter((name) => name !== kind)) {
    const parts = await surveyLayout(other, folder, layouts[other].defaultSplit, links).catch(() => []);
    const one = parts.filter(({ need }) => need === 'one');
    const needed = parts.every(({ there, need }) => there || need !== 'needed');
    if (parts.length > 0 && needed && (one.length === 0 || one.some(({ there }) => there))) found.push(other);
  }
  return found;
}
