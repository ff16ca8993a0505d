/** Colours of labels: PASCAL VOC's palette, as the data sets and their tools use it, and one for the colour-blind. */

import { integer, oneOf } from '../checks/index.js';
import type { Colour } from './colour.js';
import { okabeIto } from './okabe-ito.js';

/** 256 colours; a label is an index into them. */
export type Palette = readonly Colour[];

/**
 * PASCAL VOC's colour map: the bits of the index, three at a time from the lowest, become the bits of red, green and
 * blue from the highest.
 *
 * @returns 256 colours; 0 is black (background), 255, "ignore", is white
 * @example
 * ```ts
 * import { vocPalette } from 'invseg-native/draw';
 *
 * console.log(vocPalette()[1]); // [ 128, 0, 0 ]
 * ```
 */
export function vocPalette(): Palette {
  return Array.from({ length: 256 }, (_, index): Colour => {
    if (index === 255) return [255, 255, 255];
    const colour: [number, number, number] = [0, 0, 0];
    for (let bit = 7, rest = index; rest > 0; bit--, rest >>= 3) {
      for (let channel = 0; channel < 3; channel++) {
        colour[channel] = colour[channel]! | (((rest >> channel) & 1) << bit);
      }
    }
    return colour;
  });
}

/** Palettes: `voc`, the data sets' own colours; `okabe-ito`, colours that the colour-blind tell apart. */
export const paletteNames = Object.freeze(['voc', 'okabe-ito'] as const);

/**
 * Name of a palette.
 *
 * @useDeclaredType
 */
export type PaletteName = (typeof paletteNames)[number];

/**
 * The palette of a result, whose background comes last: it gets black, and white stays with 255, "ignore". The names
 * before it get the palette's colours in order (VOC's from 1 on). The labels themselves stay as they are.
 *
 * @param categories number of categories with the background, 1–255
 * @param name of the palette; default `voc`
 * @returns 256 colours
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { categoryPalette } from 'invseg-native/draw';
 *
 * const [cat, background] = categoryPalette(2, 'okabe-ito');
 * console.log(cat, background); // …, [ 0, 0, 0 ]
 * ```
 */
export function categoryPalette(categories: number, name: PaletteName = 'voc'): Palette {
  integer(1, 255).read(categories, 'categories');
  oneOf(...paletteNames).read(name, 'palette');
  const voc = vocPalette();
  const last = categories - 1;
  const colour = (index: number): Colour => (name === 'voc' ? voc[index + 1]! : okabeIto(index));
  return voc.map((ignore, index) => {
    if (index === 255) return ignore;
    return index === last ? BLACK : colour(index < last ? index : index - 1);
  });
}

const BLACK: Colour = [0, 0, 0];
