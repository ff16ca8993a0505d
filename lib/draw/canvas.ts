/** Pictures and SVG on one white page. */
import sharp from 'sharp';
import type { Pixels } from './pixels.js';

export interface Placed {
  pixels: Pixels;
  left: number;
  top: number;
}

/** @param svg what comes over the pictures, in the page's pixels */
export async function drawPage(
  width: number,
  height: number,
  pictures: readonly Placed[],
  svg: string,
): Promise<Buffer> {
  const page = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${svg}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#fff' }, limitInputPixels: false })
    .composite([
      ...pictures.map(({ pixels, left, top }) => ({
        input: Buffer.from(pixels.rgb.buffer, pixels.rgb.byteOffset, pixels.rgb.byteLength),
        raw: { width: pixels.width, height: pixels.height, channels: 3 as const },
        left,
        top,
      })),
      { input: Buffer.from(page), left: 0, top: 0 },
    ])
    .png()
    .toBuffer();
}
