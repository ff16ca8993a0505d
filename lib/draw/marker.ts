/** A ring around a point: white between two black lines, so that it shows on every colour. */
import type { Pixels } from './pixels.js';

/** @param x,y in [0, 1], from the left and from the top @returns a new picture */
export function drawMarker(pixels: Pixels, x: number, y: number): Pixels {
  const { width, height } = pixels;
  const rgb = Uint8Array.from(pixels.rgb);
  const radius = Math.max(4, Math.min(width, height) / 24);
  const [left, top] = [x * width, y * height];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const off = Math.abs(Math.hypot(column + 0.5 - left, row + 0.5 - top) - radius);
      if (off < 2.2) rgb.fill(off < 1.2 ? 255 : 0, (row * width + column) * 3, (row * width + column) * 3 + 3);
    }
  }
  return { rgb, width, height };
}
