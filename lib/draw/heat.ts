/** A map of numbers as a picture. */

import { typedArray } from '../arrays.js';
import { number, record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { neighbours } from '../labels/index.js';
import { side } from './checks.js';
import type { Pixels } from './pixels.js';
import { rampColours } from './ramp.js';

/** A map of numbers, to be drawn. */
export interface Heat {
  /** [side × side], row by row. */
  values: Float32Array;
  /** Points along a side, 1–65535. */
  side: number;
  /** Number of the darkest colour. */
  low: number;
  /** Number of the lightest colour. */
  high: number;
}

/** Bilinear, pixel centres at half: as the engine enlarges maps before the argmax. @returns [height × width] */
export function enlarge(values: Float32Array, side: number, width: number, height: number): Float32Array {
  const columns = Array.from({ length: width }, (_, x) => neighbours(x, width, side));
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = neighbours(y, height, side);
    for (let x = 0; x < width; x++) {
      const column = columns[x]!;
      const at = (line: number): number =>
        values[line * side + column.low]! * (1 - column.share) + values[line * side + column.high]! * column.share;
      out[y * width + x] = at(row.low) * (1 - row.share) + at(row.high) * row.share;
    }
  }
  return out;
}

/**
 * Draws a map of numbers in colours: viridis, dark for low and light for high, enlarged bilinearly as the engine
 * enlarges maps.
 *
 * @param heat values [side × side]; what is below `low` or above `high` has the colour of that end
 * @param size of the drawing in pixels, 1–65535 each; a square map is stretched over the image it belongs to
 * @returns RGB bytes of that size
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`, and `NOT_FINITE` for values that no colour stands for
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { drawHeat } from 'invseg-native/draw';
 *
 * await using segmenter = await Segmenter.open();
 * const { maps, width, height } = await segmenter.segment('cat.jpg', { categories: ['cat'], saveMaps: true });
 * const values = maps!.data.subarray(0, maps!.size ** 2); // of the first category
 * const { rgb } = drawHeat({ values, side: maps!.size, low: 0, high: 1 }, { width, height });
 * console.log(rgb.length); // width × height × 3
 * ```
 */
export function drawHeat(heat: Heat, size: { width: number; height: number }): Pixels {
  record(heat, 'heat', 'an object with values, side, low and high');
  record(size, 'size', 'an object with width and height');
  const points = side(heat.side, 'heat.side');
  const values = typedArray('Float32Array', heat.values, 'heat.values', points ** 2, `[${points} × ${points}]`);
  const [low, high] = [number().read(heat.low, 'heat.low'), number().read(heat.high, 'heat.high')];
  const [width, height] = [side(size.width, 'size.width'), side(size.height, 'size.height')];
  const odd = values.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0)
    throw new InvSegError(
      'NOT_FINITE',
      `Expected finite numbers for heat.values but received ${values[odd]} at position ${odd}`,
    );
  const colours = rampColours(256);
  const range = Math.max(high - low, Number.MIN_VALUE);
  const rgb = new Uint8Array(width * height * 3);
  enlarge(values, points, width, height).forEach((value, i) => {
    const level = Math.round(Math.min(1, Math.max(0, (value - low) / range)) * 255);
    rgb.set(colours[level]!, i * 3);
  });
  return { rgb, width, height };
}
