import { describe, expect, it } from 'vitest';
import type { Colour } from '../../lib/draw/colour.js';
import type { PaletteName } from '../../lib/draw/index.js';
import { categoryPalette, paletteNames } from '../../lib/draw/index.js';

/** Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB. */
const sights = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
  full: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};

const linear = (value: number): number =>
  value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;

/** OKLab of a colour as someone sees it. */
function seen(colour: Colour, m: readonly number[]): number[] {
  const own = colour.map(linear);
  const [r, g, b] = [0, 3, 6].map((row) =>
    Math.max(0, m[row]! * own[0]! + m[row + 1]! * own[1]! + m[row + 2]! * own[2]!),
  ) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const k = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * k - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * k + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * k - 0.808675766 * s,
  ];
}

/** The two nearest of the first colours (the background with them), in OKLab. */
function nearest(name: PaletteName, categories: number, sight: keyof typeof sights): number {
  const colours = categoryPalette(categories, name)
    .slice(0, categories)
    .map((colour) => seen(colour, sights[sight]));
  let least = Infinity;
  colours.forEach((a, i) => {
    for (const b of colours.slice(0, i)) least = Math.min(least, Math.hypot(...a.map((value, k) => value - b[k]!)));
  });
  return least;
}

describe('palettes', () => {
  it.each(paletteNames)('%s: 256 different colours, black for the background, white for 255', (name) => {
    for (const categories of [1, 2, 8, 22, 255]) {
      const palette = categoryPalette(categories, name);
      expect(palette).toHaveLength(256);
      expect(palette[categories - 1]).toEqual([0, 0, 0]);
      expect(palette[255]).toEqual([255, 255, 255]);
      expect(new Set(palette.map(String)).size).toBe(256);
      expect(palette.flat().every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    }
  });

  it.each(['protanopia', 'deuteranopia', 'tritanopia', 'full'] as const)(
    'okabe-ito: eight categories stay apart with %s',
    (sight) => {
      // 0.02 is about the difference that can just be seen side by side.
      expect(nearest('okabe-ito', 8, sight)).toBeGreaterThan(0.05);
    },
  );

  it.each(['protanopia', 'deuteranopia', 'tritanopia'] as const)(
    "okabe-ito keeps names apart better than VOC's colours do with %s",
    (sight) => {
      expect(nearest('okabe-ito', 8, sight)).toBeGreaterThan(nearest('voc', 8, sight));
    },
  );

  it('the colours of VOC are the default', () => {
    expect(categoryPalette(4)).toEqual(categoryPalette(4, 'voc'));
  });
});
