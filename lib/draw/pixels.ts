/** Pictures at the size in which they are shown, and labels laid over them. */
import sharp from 'sharp';
import type { Palette } from './palette.js';

/** An image in memory. */
export interface Pixels {
  /** One byte per sample, [height × width × 3]. */
  rgb: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
}

/** Shown at most and at least this large (longer side). */
export interface ShownSize {
  most: number;
  least: number;
}

/** Large pictures shrink; tiny ones grow by a whole factor, so that their pixels stay squares. */
export function shownSize(
  width: number,
  height: number,
  { most, least }: ShownSize,
): { width: number; height: number } {
  const longer = Math.max(width, height);
  if (longer > most) {
    const scale = most / longer;
    return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  }
  const factor = longer < least ? Math.ceil(least / longer) : 1;
  return { width: width * factor, height: height * factor };
}

export async function resizePixels(pixels: Pixels, width: number, height: number): Promise<Pixels> {
  if (pixels.width === width && pixels.height === height) return pixels;
  const kernel = width > pixels.width ? 'nearest' : 'lanczos3';
  const rgb = await sharp(pixels.rgb, { raw: { width: pixels.width, height: pixels.height, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel })
    .removeAlpha()
    .raw()
    .toBuffer();
  return { rgb, width, height };
}

/** Nearest labels: an average of two labels would be a third. */
export function resizeLabels(labels: Uint8Array, from: ImageSize, to: ImageSize): Uint8Array {
  if (from.width === to.width && from.height === to.height) return labels;
  const out = new Uint8Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const row = Math.floor(((y + 0.5) * from.height) / to.height) * from.width;
    for (let x = 0; x < to.width; x++) {
      out[y * to.width + x] = labels[row + Math.floor(((x + 0.5) * from.width) / to.width)]!;
    }
  }
  return out;
}

export interface ImageSize {
  width: number;
  height: number;
}

export interface TintOptions {
  /** Label that is only darkened a little: the background. */
  background?: number;
  /** Share of the colour over a category, 0–1. */
  opacity?: number;
}

/** The picture with every category in its colour and a light line where two meet. */
export function tint(pixels: Pixels, labels: Uint8Array, palette: Palette, options: TintOptions = {}): Pixels {
  const { background = -1, opacity = 0.55 } = options;
  const { width, height, rgb } = pixels;
  const out = new Uint8Array(rgb.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const label = labels[i]!;
      const border = (x + 1 < width && labels[i + 1] !== label) || (y + 1 < height && labels[i + width] !== label);
      const colour = border ? WHITE : palette[label]!;
      const share = border ? 0.85 : label === background ? 0.35 : opacity;
      for (let channel = 0; channel < 3; channel++) {
        const at = i * 3 + channel;
        out[at] = Math.round(rgb[at]! * (1 - share) + colour[channel]! * share);
      }
    }
  }
  return { rgb: out, width, height };
}

const WHITE = [255, 255, 255] as const;
