/** What may be drawn. Each wrong value is an error that names it, before anything is drawn. */
import { typedArray } from '../arrays.js';
import { integer, record, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { Palette } from './palette.js';
import type { Pixels } from './pixels.js';

/** PNG's own is larger; sharp and libvips stop here. */
const LONGEST = 65_535;

export const side = (value: unknown, name: string): number => integer(1, LONGEST).read(value, name);

/** @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH` */
export function checkPixels(image: unknown): asserts image is Pixels {
  record(image, 'image', 'an object with rgb, width and height');
  const { rgb, width, height } = image as Pixels;
  const [columns, rows] = [side(width, 'image.width'), side(height, 'image.height')];
  typedArray('Uint8Array', rgb, 'image.rgb', columns * rows * 3, `[${rows} × ${columns} × 3]`);
}

/** @param count of colours that labels may stand for @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH` */
export function checkLabels(
  labels: unknown,
  size: Pick<Pixels, 'width' | 'height'>,
  count: number,
  name = 'labels',
): void {
  const { width, height } = size;
  const values = typedArray('Uint8Array', labels, name, width * height, `[${height} × ${width}]`);
  const at = count > 255 ? -1 : values.findIndex((label) => label >= count);
  if (at < 0) return;
  const wanted = `labels below ${count}, the number of colours, for ${name}`;
  throw new InvSegError('INVALID_OPTION', `Expected ${wanted} but received ${values[at]} at position ${at}`);
}

/** @param least colours that it has at least @throws {InvSegError} `INVALID_OPTION` */
export function checkPalette(palette: unknown, least = 1): asserts palette is Palette {
  const one = '[red, green, blue], each from 0 to 255,';
  const expects = `a list of ${least} to 256 colours ${one}`;
  if (!Array.isArray(palette) || palette.length < least || palette.length > 256) refuse('palette', expects, palette);
  palette.forEach((colour: unknown, i) => {
    if (!Array.isArray(colour) || colour.length !== 3 || !colour.every(isLevel)) refuse(`palette[${i}]`, one, colour);
  });
}

const isLevel = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255;

/** @throws {InvSegError} `INVALID_OPTION` */
export function checkNames(categories: unknown): asserts categories is readonly string[] {
  const expects = 'a list of 1 to 255 names';
  const fits = Array.isArray(categories) && categories.length >= 1 && categories.length <= 255;
  if (!fits) refuse('categories', expects, categories);
  categories.forEach((name: unknown, i) => checkText(name, `categories[${i}]`));
}

/** @throws {InvSegError} `INVALID_OPTION` */
export function checkText(value: unknown, name: string): void {
  if (typeof value !== 'string') refuse(name, 'a string', value);
}
