/** A table's results as cells of text, for the terminal and for Markdown alike. */
import type { PaperDataset, RowResult, Spread, TableResult } from './types.js';

export interface Cell {
  text: string;
  /** The highest figure of its column, among several. */
  best?: true;
}

export interface Layout {
  head: string[];
  /** Columns from here on are figures, up to the last one, which is text. */
  figuresFrom: number;
  rows: Cell[][];
}

/** `63.4 ± 0.3` over seeds, `63.4 [60.1, 66.0]` over pictures, in percent. */
export function spreadText({ value, deviation, interval }: Spread, digits = 1): string {
  if (value === null) return '–';
  const text = (one: number): string => hundredfold(one, digits);
  if (deviation !== undefined) return `${text(value)} ± ${text(deviation)}`;
  return interval ? `${text(value)} [${interval.map(text).join(', ')}]` : text(value);
}

/** A difference, with its sign. */
export function points(spread: Spread): string {
  const text = spreadText(spread, 2);
  return spread.value !== null && !text.startsWith('−') ? `+${text}` : text;
}

function hundredfold(value: number, digits: number): string {
  const text = (100 * value).toFixed(digits);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** @param paper whose figures stand beside ours; undefined leaves them out */
export function layoutOf(result: TableResult, paper: PaperDataset | undefined): Layout {
  const { columns, rows, reference } = result;
  const compared = reference !== undefined && rows.some(({ ours }) => ours?.difference);
  const theirs = paper !== undefined && rows.some((row) => row.paper[paper]);
  const theirAcc = theirs && rows.some((row) => row.paper[paper]?.mAcc !== undefined);
  const best = {
    mIoU: highest(rows.map(({ ours }) => ours?.mIoU.value ?? null)),
    mAcc: highest(rows.map(({ ours }) => ours?.mAcc.value ?? null)),
    paperIoU: highest(rows.map((row) => (paper && row.paper[paper]?.mIoU) ?? null)),
    paperAcc: highest(rows.map((row) => (paper && row.paper[paper]?.mAcc) ?? null)),
  };
  const head = [
    '',
    ...columns,
    'mIoU',
    'mAcc',
    ...(compared ? [`− row ${reference}`] : []),
    ...(theirs ? ['paper mIoU'] : []),
    ...(theirAcc ? ['paper mAcc'] : []),
    's/image',
    '',
  ];
  const cells = (row: RowResult): Cell[] => {
    const { ours } = row;
    const printed = paper && row.paper[paper];
    return [
      { text: String(row.number) },
      ...row.cells.map((text) => ({ text })),
      ours ? cell(spreadText(ours.mIoU), ours.mIoU.value === best.mIoU) : { text: '' },
      ours ? cell(spreadText(ours.mAcc), ours.mAcc.value === best.mAcc) : { text: '' },
      ...(compared ? [{ text: ours?.difference ? points(ours.difference) : '' }] : []),
      ...(theirs ? [cell(printed?.mIoU.toFixed(1) ?? '–', printed?.mIoU === best.paperIoU)] : []),
      ...(theirAcc ? [cell(printed?.mAcc?.toFixed(1) ?? '–', printed?.mAcc === best.paperAcc)] : []),
      { text: ours ? ours.secondsPerImage.toFixed(2) : '' },
      { text: remarksOf(row) },
    ];
  };
  return { head, figuresFrom: columns.length + 1, rows: rows.map(cells) };
}

function remarksOf({ notRun, standard, remark, ours }: RowResult): string {
  const skipped = Math.max(0, ...(ours?.runs ?? []).map(({ pictures }) => pictures.skipped));
  const parts = [
    standard && 'the default',
    remark,
    skipped > 0 && `${skipped} image${skipped === 1 ? '' : 's'} left out`,
    notRun !== undefined && `not run: ${notRun}`,
  ];
  return parts.filter((part) => part).join('; ');
}

const cell = (text: string, best: boolean): Cell => ({ text, ...(best && { best: true }) });

/** Of at least two values; one alone is no best. */
function highest(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null);
  return known.length < 2 ? undefined : Math.max(...known);
}
