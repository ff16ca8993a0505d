/**
 * Colours that stay apart for the colour-blind: the seven of Okabe and Ito (2008, "Color Universal Design"), then darker and
 * lighter shades of them, since no palette of many hues survives.
 */
import type { Colour } from './colour.js';

/** The seven hues (the eighth, black, is the background); neighbours in the list differ in lightness too. */
const HUES: readonly Colour[] = [
  [213, 94, 0], // vermillion
  [86, 180, 233], // sky blue
  [240, 228, 66], // yellow
  [0, 114, 178], // blue
  [230, 159, 0], // orange
  [0, 158, 115], // bluish green
  [204, 121, 167], // reddish purple
];
const STRONGEST = 0.85; // a shade beyond would be black or white

/** The colour of an index; the first seven are the hues themselves, every further seven one shade of all. */
export function okabeIto(index: number): Colour {
  const hue = HUES[index % HUES.length]!;
  const cycle = Math.floor(index / HUES.length);
  if (cycle === 0) return hue;
  const share = STRONGEST * halving(Math.ceil(cycle / 2));
  const towards = cycle % 2 === 1 ? 0 : 255;
  const [red, green, blue] = hue.map((value) => Math.round(value + (towards - value) * share));
  return [red!, green!, blue!];
}

/** 1/2, 1/4, 3/4, 1/8, 5/8 …: each new one is as far from the earlier ones as can be. */
function halving(n: number): number {
  let value = 0;
  for (let bit = 0.5; n > 0; bit /= 2, n >>= 1) value += (n & 1) * bit;
  return value;
}
