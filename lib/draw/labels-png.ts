/** Labels as a palette PNG, the form of the data sets' own masks: a reader gets the indices back, a viewer sees colours. */
import { encode } from 'fast-png';
import type { LabelNames } from '../labels/index.js';
import { LABEL_NAMES, labelNamesText } from '../labels/index.js';
import { checkLabels, checkPalette, side } from './checks.js';
import type { Palette } from './palette.js';

/**
 * sharp is not used here: its palettes are made anew and reorder the indices.
 *
 * @param labels [height × width] indices into `palette`
 * @param width 1–65535 @param height 1–65535 @param palette at most 256 colours
 * @param names what the indices stand for, kept in the file (a `tEXt` chunk): the data set `folder` then reads the mask
 * whatever the order
 * @throws {InvSegError} `INVALID_OPTION` for what is no such value and for a label without a colour, `SHAPE_MISMATCH` for another
 * number of labels
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
  const colours = palette.map((colour) => [...colour]);
  return encode({ ...size, data: labels, depth: 8, channels: 1, palette: colours, ...(text && { text }) });
}
