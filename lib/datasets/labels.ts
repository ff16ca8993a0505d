/** Values of a mask's pixels → labels, by a table; a value that the data set does not have is an error. */
import { InvSegError } from '../errors.js';
import { IGNORED } from '../labels/index.js';

/** Entry of a table for values that must not occur. */
export const REFUSED = -1;

/** Value → label, 255 for ignored, or `REFUSED`. */
export type LabelTable = Int16Array;

/** 0…classes−1 stay, 255 is ignored, the rest is refused. */
export function plainTable(classes: number): LabelTable {
  const table = new Int16Array(256).fill(REFUSED);
  for (let label = 0; label < classes; label++) table[label] = label;
  table[IGNORED] = IGNORED;
  return table;
}

/** The background becomes ignored, the other labels shift down by one. */
export function withoutBackground(table: LabelTable): LabelTable {
  return table.map((label) => (label === 0 ? IGNORED : label === IGNORED || label === REFUSED ? label : label - 1));
}

/**
 * @param values [height × width]
 * @returns [height × width]
 * @throws {InvSegError} `MASK_INVALID` with file, value and place of the first pixel that is refused
 */
export function applyTable(
  values: Uint8Array | Uint16Array,
  table: LabelTable,
  width: number,
  file: string,
): Uint8Array {
  const labels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const label = table[values[i]!] ?? REFUSED;
    if (label === REFUSED) throw refused(values[i]!, i, table, width, file);
    labels[i] = label;
  }
  return labels;
}

function refused(value: number, at: number, table: LabelTable, width: number, file: string): InvSegError {
  const known = [...table.keys()].filter((key) => key !== IGNORED && table[key] !== REFUSED);
  const also = table[IGNORED] === IGNORED ? ' and 255' : '';
  const place = `pixel (${at % width}, ${Math.floor(at / width)})`;
  return new InvSegError(
    'MASK_INVALID',
    `${file}: ${place} has the value ${value}; this data set has ${known[0]} to ${known.at(-1)}${also}`,
  );
}
