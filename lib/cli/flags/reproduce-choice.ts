/** What `invseg reproduce` is asked for: tables, rows, seeds, and the data set with the paper's figures beside it. */
import path from 'node:path';
import { integer } from '../../checks/index.js';
import type { DatasetOptions } from '../../datasets/index.js';
import { MINIATURE } from '../../datasets/index.js';
import { InvSegError } from '../../errors.js';
import type { MethodName } from '../../options/index.js';
import { methodNames } from '../../options/index.js';
import type { GridSource, PaperDataset, Table } from '../../reproduce/index.js';
import { gridSources, gridTable, paperDatasets, tables } from '../../reproduce/index.js';
import type { DatasetFlags } from './dataset.js';
import { datasetOptions } from './dataset.js';
import { parseValue } from './options.js';

const GRID = 'grid';
const ALL = 'all';

/** What the grid has unless the flags say otherwise. */
export const gridDefaults = {
  methods: 'baseline,invseg,diffsegmenter',
  sources: 'ground-truth,captions,diffsegmenter',
} as const;

/** @throws {InvSegError} `INVALID_OPTION` that lists the tables; for flags of the grid where it is not asked for */
export function chooseTables(
  asked: readonly string[],
  given: { methods?: string | undefined; sources?: string | undefined } = {},
): Table[] {
  const { methods = gridDefaults.methods, sources = gridDefaults.sources } = given;
  const grid = (): Table =>
    gridTable(listOf<MethodName>(methods, methodNames, 'methods'), listOf<GridSource>(sources, gridSources, 'sources'));
  const chosen = asked.flatMap((name) => {
    if (name === ALL) return tables;
    const table = name === GRID ? grid() : tables.find((one) => one.name === name);
    if (table) return [table];
    const known = [...tables.map((one) => one.name), GRID, ALL].join(', ');
    throw new InvSegError('INVALID_OPTION', `Expected some of ${known} but received ${JSON.stringify(name)}`);
  });
  const unread = asked.includes(GRID)
    ? undefined
    : (['methods', 'sources'] as const).find((name) => given[name] !== undefined);
  if (unread !== undefined) {
    throw new InvSegError(
      'INVALID_OPTION',
      `--${unread} is for ${GRID} but received ${asked.join(', ')}, whose rows have their own; leave it out, or ask for ${GRID}`,
    );
  }
  return [...new Map(chosen.map((table) => [table.name, table])).values()];
}

function listOf<T extends string>(text: string, known: readonly T[], what: string): T[] {
  return text.split(',').map((part) => {
    const found = known.find((one) => one === part.trim());
    if (found !== undefined) return found;
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected some of ${known.join(', ')} for ${what} but received ${JSON.stringify(part.trim())}`,
    );
  });
}

/** `1,3` or `14-16`. @throws {InvSegError} `INVALID_OPTION` */
export function parseRows(text: string | undefined): number[] | undefined {
  return text?.split(',').flatMap((part) => {
    const [, from, to = from] = /^\s*(\d{1,3})(?:-(\d{1,3}))?\s*$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from)) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected numbers such as 1,3 or 14-16 for rows but received ${JSON.stringify(text)}`,
      );
    }
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
  });
}

/** `3`: the seeds 0, 1, 2; `0,5,9` or `7,`: those. @throws {InvSegError} `INVALID_OPTION` */
export function parseSeeds(text: string): number[] {
  const count = integer(1, 1000);
  if (!text.includes(',')) return Array.from({ length: count.read(parseValue(text), 'seeds') }, (_, i) => i);
  const parts = text.replace(/,\s*$/, '').split(',');
  return [...new Set(parts.map((part) => integer(0, 0xffffffff).read(parseValue(part), 'seeds')))];
}

export interface ChosenDataset {
  /** For the heading of a report. */
  name: string;
  options: DatasetOptions;
  /** Whose figures of the paper stand beside ours. */
  paper: PaperDataset | null;
  /** They are another data set's. */
  orientation: boolean;
}

/** @throws {InvSegError} `INVALID_OPTION` */
export function chooseDataset(kind: string | undefined, flags: DatasetFlags): ChosenDataset {
  // The same classes as VOC's, but not its pictures.
  if (kind === MINIATURE)
    return { name: MINIATURE, options: datasetOptions(kind, flags), paper: 'voc', orientation: true };
  const options = datasetOptions(kind, flags);
  const paper = paperDatasets.find((one) => one === kind) ?? null;
  const name =
    options.kind === 'folder' && flags.root !== undefined
      ? `folder ${path.basename(path.resolve(flags.root))}`
      : options.kind;
  return { name, options, paper, orientation: false };
}
