/** Masks that say themselves what their indices stand for, as `invseg segment` writes them. */
import type { LabelNames } from '../labels/index.js';
import { IGNORED } from '../labels/index.js';
import { BACKGROUND, foldName } from '../text/index.js';
import type { Located } from './dataset.js';
import type { LabelTable } from './labels.js';
import { applyTable, plainTable, REFUSED, withoutBackground } from './labels.js';
import type { Root } from './places.js';
import { decodeNamedMask, invalid } from './png-mask.js';
import type { ClassNames } from './types.js';

/**
 * Reads masks by their own names where they have some; others have 0 for the background, 1, 2, … for the classes, 255
 * for ignored.
 *
 * @param classes without the background
 */
export function namedLabels(
  root: Root,
  folder: readonly string[],
  classes: readonly ClassNames[],
  hasBackground: boolean,
): (name: string) => Located['readLabels'] {
  const index = indexOf(classes);
  const plain = plainTable(classes.length + 1);
  const shifted = (table: LabelTable): LabelTable => (hasBackground ? table : withoutBackground(table));
  return (name: string) => async (size) => {
    const file = root.at(...folder, name);
    const { values, names } = decodeNamedMask(await root.read('MASK_NOT_FOUND', ...folder, name), file, size);
    if (names) refuseUnknown(values, names, index, file);
    return applyTable(values, shifted(names ? tableOf(names, index) : plain), size.width, file);
  };
}

/** Folded name → label; 0 is the background. */
type ClassIndex = ReadonlyMap<string, number>;

/** By name, then by the prompt's, then by synonyms. */
function indexOf(classes: readonly ClassNames[]): ClassIndex {
  const index = new Map<string, number>([[foldName(BACKGROUND), 0]]);
  const spellings = ({ name, prompt, synonyms }: ClassNames) => [[name], [prompt], synonyms] as const;
  for (const kind of [0, 1, 2] as const) {
    classes.forEach((one, i) => {
      for (const name of spellings(one)[kind]) if (!index.has(foldName(name))) index.set(foldName(name), i + 1);
    });
  }
  return index;
}

function tableOf({ names, background }: LabelNames, index: ClassIndex): LabelTable {
  const table = new Int16Array(256).fill(REFUSED);
  names.forEach((name, i) => (table[i] = i === background ? 0 : (index.get(foldName(name)) ?? REFUSED)));
  table[IGNORED] = IGNORED;
  return table;
}

/** A name that is in the list and in no pixel does no harm. */
function refuseUnknown(values: Uint8Array, { names, background }: LabelNames, index: ClassIndex, file: string): void {
  const unknown = names.findIndex((name, i) => i !== background && !index.has(foldName(name)) && values.includes(i));
  if (unknown < 0) return;
  const name = JSON.stringify(names[unknown]);
  const why = `its label ${unknown} is ${name}, which is not a class of the data set`;
  throw invalid(file, `${why}; add it to them, or as a synonym`);
}
