/** A table for the terminal, and as a Markdown file that says how it came about. */

import type { AbsentRule } from '../scores/index.js';
import { duration } from '../words.js';
import type { Cell } from './cells.js';
import { layoutOf } from './cells.js';
import type { PaperDataset, TableResult } from './types.js';

/** What a reader needs to judge the figures. */
export interface Circumstances {
  /** As it was typed. */
  command: string;
  /** ISO 8601, when the table was written. */
  date: string;
  /** Of this package. */
  version: string;
  /** What was segmented. */
  dataset: {
    /** Kind, or `miniature`. */
    name: string;
    /** Which masks, how many classes, what is ignored; in words. */
    protocol: string;
    /** Name of the list; null where all images are taken. */
    split: string | null;
    /** Images of the list. */
    pictures: number;
    /** Images drawn from it; null for all. */
    sample: number | null;
  };
  /** One run each. */
  seeds: readonly number[];
  /** What segmented. */
  model: {
    /** Such as `miniature`. */
    name: string;
    /** Of the model, not of the package. */
    version: string;
    /** SHA-256; null where it is not known. */
    weights: string | null;
  };
  /** Where it ran. */
  machine: {
    /** Name of the processor. */
    cpu: string;
    /** CPUs that the process may use. */
    cores: number;
    /** Name of the device. */
    device: string;
    /** Precision of the weights. */
    dtype: string;
    /** Threads of the engine, in words. */
    threads: string;
  };
  /** How classes without a pixel count in the means. */
  absent: AbsentRule;
  /** Options under all rows that are not the table's own. */
  options: Readonly<Record<string, unknown>>;
  /** Whose figures stand beside ours; null for data sets that the paper does not have. */
  paper: PaperDataset | null;
  /** Whether the figures of the paper are of another data set than this one. */
  orientation: boolean;
}

const paperNames: Readonly<Record<PaperDataset, string>> = { voc: 'VOC', context: 'Context', coco: 'COCO' };

export function tableText(result: TableResult, { paper, orientation, seeds }: Circumstances): string {
  const { head, figuresFrom, rows } = layoutOf(result, paper ?? undefined);
  const lines = [head.map((text) => ({ text })), ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => width(line[column]!.text))));
  const last = head.length - 1;
  const shown = lines.map((line) =>
    line
      .map(({ text }, column) => {
        const space = ' '.repeat(widths[column]! - width(text));
        return column >= figuresFrom && column < last ? space + text : text + space;
      })
      .join('  ')
      .trimEnd(),
  );
  return `${heading(result)}\n\n${shown.join('\n')}\n\n${readingNotes(result, { paper, orientation, seeds }).join('\n')}\n`;
}

const width = (text: string): number => [...text].length;

export function tableMarkdown(result: TableResult, circumstances: Circumstances): string {
  const { head, figuresFrom, rows } = layoutOf(result, circumstances.paper ?? undefined);
  const rule = head.map((_, column) => (column >= figuresFrom && column < head.length - 1 ? '---:' : '---'));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return (
    [
      `# ${heading(result)}`,
      [line(head.map(escaped)), line(rule), ...rows.map((cells) => line(cells.map(marked)))].join('\n'),
      readingNotes(result, circumstances).join('\n'),
      origin(result, circumstances),
    ].join('\n\n') + '\n'
  );
}

const heading = ({ name, title }: TableResult): string =>
  name.startsWith('table') ? `Table ${name.slice(5)}: ${title}` : title;

const marked = ({ text, best }: Cell): string => (best ? `**${escaped(text)}**` : escaped(text));

const escaped = (text: string): string => text.replace(/[|\\`*_<>]/g, '\\$&');

/** How to read the columns, and what is special about the rows. */
function readingNotes(
  { reference, rows, notes }: TableResult,
  { paper, orientation, seeds }: Pick<Circumstances, 'paper' | 'orientation' | 'seeds'>,
): string[] {
  const several = seeds.length > 1;
  const figures = several
    ? `mIoU and mAcc in percent: mean ± standard deviation over ${seeds.length} seeds`
    : 'mIoU and mAcc in percent, mIoU with its 95 % interval over resampled images';
  const compared = reference !== undefined && rows.some(({ ours }) => ours?.difference);
  const difference = `; '− row ${reference}' is the mIoU less that of row ${reference}, ${several ? 'seed by seed' : 'images resampled in pairs'}`;
  const theirs = paper !== null && rows.some((row) => row.paper[paper]);
  const printed = theirs
    ? [
        `'paper' is what the paper prints for ${paperNames[paper]}${orientation ? ', for orientation only: it is for another model and other images' : ''}.`,
      ]
    : [];
  return [
    `${figures}${compared ? difference : ''}. The highest of a column is bold in Markdown.`,
    ...printed,
    ...notes,
  ].map((note) => `- ${note}`);
}

/** Everything that somebody needs who wants the same figures. */
function origin(
  { rows }: TableResult,
  { command, date, version, dataset, seeds, model, machine, absent, options }: Circumstances,
): string {
  const runs = new Map(rows.flatMap(({ ours }) => (ours?.runs ?? []).map((run) => [run.folder, run] as const)));
  const seconds = [...runs.values()].reduce((sum, run) => sum + run.seconds, 0);
  const names = [...new Set(rows.flatMap(({ ours }) => ours?.names ?? []))];
  const drawn =
    dataset.sample === null
      ? `all ${dataset.pictures} images`
      : `${Math.min(dataset.sample, dataset.pictures)} of ${dataset.pictures} images, drawn by each seed`;
  return [
    '```',
    command,
    '```',
    '',
    ...[
      `${date.slice(0, 10)}, invseg ${version}`,
      `${dataset.name}${dataset.split === null ? '' : ` ${dataset.split}`}, ${drawn}; ${dataset.protocol}; classes without a pixel: ${absent}`,
      `Seeds ${seeds.join(', ')}`,
      `Model ${model.name} ${model.version}${model.weights === null ? '' : `, weights ${model.weights}`}`,
      `${machine.cpu}, ${machine.cores} cores; ${machine.device}, ${machine.dtype}, ${machine.threads}`,
      ...names.map((name) => `Names: ${name}`),
      ...(Object.keys(options).length > 0 ? [`Under all rows: ${JSON.stringify(options)}`] : []),
      `${duration(seconds)} of finding names and segmenting, in ${runs.size} runs; rows of equal settings share theirs, with other tables too`,
    ].map((text) => `- ${escaped(text)}`),
  ].join('\n');
}
