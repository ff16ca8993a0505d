/** A map of numbers as a picture. */
import type { Pixels } from './pixels.js';
import { rampColours } from './ramp.js';

export interface Heat {
  /** [side × side] */
  values: Float32Array;
  side: number;
  /** Numbers of the darkest and the lightest colour. */
  low: number;
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

function neighbours(index: number, length: number, side: number): { low: number; high: number; share: number } {
  const place = Math.min(side - 1, Math.max(0, ((index + 0.5) * side) / length - 0.5));
  const low = Math.floor(place);
  return { low, high: Math.min(low + 1, side - 1), share: place - low };
}

/** @param size of the drawing; a square map is stretched over the picture it belongs to */
export function drawHeat({ values, side, low, high }: Heat, { width, height }: { width: number; height: number }): Pixels {
  const colours = rampColours(256);
  const range = Math.max(high - low, Number.MIN_VALUE);
  const rgb = new Uint8Array(width * height * 3);
  enlarge(values, side, width, height).forEach((value, i) => {
    const level = Math.round(Math.min(1, Math.max(0, (value - low) / range)) * 255);
    rgb.set(colours[level]!, i * 3);
  });
  return { rgb, width, height };
}
