/** COCO's category ids: 80 of 1 to 90, with gaps. The place in this list + 1 is the label. */

import { IGNORED } from '../../labels/index.js';
import type { LabelTable } from '../labels.js';
import { plainTable } from '../labels.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** [80] in ascending order, which is the order of the vocabulary `coco`. */
export const COCO_IDS: readonly number[] = [
  ...range(1, 11),
  ...range(13, 25),
  27,
  28,
  ...range(31, 44),
  ...range(46, 65),
  67,
  70,
  ...range(72, 82),
  ...range(84, 90),
];

/** Category id → label 1…80. */
export const cocoLabels: ReadonlyMap<number, number> = new Map(COCO_IDS.map((id, i) => [id, i + 1]));

/** Masks of stuffthingmaps: a pixel is its category id − 1; stuff (from 91 on) and unlabelled (255) are background. */
export function stuffThingTable(): LabelTable {
  const table = new Int16Array(256);
  for (const [id, label] of cocoLabels) table[id - 1] = label;
  return table;
}

/** Masks that are converted already: the labels 0…80; 255, which conversions of the protocol do not write, is ignored. */
export const convertedTable = (): LabelTable => {
  const table = plainTable(COCO_IDS.length + 1);
  table[IGNORED] = IGNORED;
  return table;
};
