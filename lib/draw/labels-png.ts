/** Labels as a palette PNG, the form of the data sets' own masks: a reader gets the indices back, a viewer sees colours. */
import { encode } from 'fast-png';
import type { LabelNames } from '../labels/index.js';
import { LABEL_NAMES, labelNamesText } from '../labels/index.js';
import { checkLabels, checkPalette, side } from './checks.js';
import type { Palette } from './palette.js';

/**
 * Writes labels as a palette PNG, the form of the data sets' own masks: a reader gets the indices back, a viewer sees
 * colours.
 *
 * @param labels one byte per pixel, [height × width]: index into `palette`
 * @param width pixels, 1–65535
 * @param height pixels, 1–65535
 * @param palette at most 256 colours
 * @param names what the indices stand for, kept in the file (a `tEXt` chunk): the data set `folder` then reads the
 * mask whatever the order
 * @returns bytes of the PNG
 * @throws {InvSegError} `INVALID_OPTION` for what is no such value and for a label without a colour, `SHAPE_MISMATCH`
 * for another number of labels
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { Segmenter } from 'invseg-native';
 * import { categoryPalette, encodeLabels } from 'invseg-native/draw';
 *
 * await using segmenter = await Segmenter.open();
 * const { labels, width, height, categories } = await segmenter.segment('cat.jpg', { categories: ['cat'] });
 * const names = { names: categories, background: categories.length - 1 };
 * await writeFile('labels.png', encodeLabels(labels, width, height, categoryPalette(categories.length), names));
 * ```
 */
export function encodeLabels(
  labels: Uint8Array,
  width: number,
  height: number,
  palette: Palette,
  names?: LabelNames,
): Uint8Array {
  const size = { width: side(width, 'width'), height: side(height, 'height') };
  checkPalette(palette);
  checkLabels(labels, size, palette.length);
  const text = names && { [LABEL_NAMES]: labelNamesText(names) };
  // Not by sharp: its palettes are made anew and reorder the indices.
  const colours = palette.map((colour) => [...colour]);
  return encode({ ...size, data: labels, depth: 8, channels: 1, palette: colours, ...(text && { text }) });
}
