/**
 * Tables for spreadsheets: comma, quotes doubled, one header (RFC 4180). Fractions, empty where nothing can be said. A text that a
 * spreadsheet would take for a formula has an apostrophe in front.
 */
import type { PictureRow } from './summary.js';
import type { Evaluation } from './types.js';

type Cell = string | number | null;

export function perClassCsv({ perClass }: Evaluation): string {
  const head = ['class', 'iou', 'accuracy', 'hit', 'truth', 'predicted', 'unassigned', 'pictures'];
  return table(
    head,
    perClass.map((one) => [
      one.name,
      one.iou,
      one.accuracy,
      one.hit,
      one.truth,
      one.predicted,
      one.unassigned,
      one.pictures,
    ]),
  );
}

export function perImageCsv(rows: readonly PictureRow[]): string {
  const head = ['id', 'miou', 'aacc', 'hit', 'truth', 'names', 'milliseconds', 'first_loss', 'last_loss', 'warnings'];
  return table(
    head,
    rows.map((row) => [
      row.id,
      row.mIoU,
      row.aAcc,
      row.hit,
      row.truth,
      row.names,
      row.milliseconds,
      row.firstLoss,
      row.lastLoss,
      row.warnings,
    ]),
  );
}

/** How a formula may begin; full-width signs count as well in some. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

const table = (head: readonly string[], rows: readonly (readonly Cell[])[]): string =>
  [head, ...rows].map((row) => `${row.map(cell).join(',')}\n`).join('');

function cell(value: Cell): string {
  if (value === null) return '';
  const text = typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
