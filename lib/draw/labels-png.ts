/** Labels as a palette PNG, the form of the data sets' own masks: a reader gets the indices back, a viewer sees colours. */
import { encode } from 'fast-png';
import { InvSegError } from '../errors.js';
import { LABEL_NAMES, labelNamesText } from './label-names.js';
import type { LabelNames } from './label-names.js';
import type { Palette } from './palette.js';

/**
 * sharp is not used here: its palettes are made anew and reorder the indices.
 *
 * @param labels [height × width] indices into `palette`
 * @param names what the indices stand for, kept in the file (a `tEXt` chunk): the data set `folder` then reads the mask
 * whatever the order
 * @throws {InvSegError} `SHAPE_MISMATCH`
 */
export function encodeLabels(
  labels: Uint8Array,
  width: number,
  height: number,
  palette: Palette,
  names?: LabelNames,
): Uint8Array {
  if (labels.length !== width * height || width < 1) {
    throw new InvSegError('SHAPE_MISMATCH', `Expected ${width} × ${height} labels but received ${labels.length}`);
  }
  const text = names && { [LABEL_NAMES]: labelNamesText(names) };
  const colours = palette.map((colour) => [...colour]);
  return encode({ width, height, data: labels, depth: 8, channels: 1, palette: colours, ...(text && { text }) });
}
