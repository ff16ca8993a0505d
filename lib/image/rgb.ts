/** Any pixel layout to RGB. */

/**
 * A fresh copy of `data` as RGB: grey is repeated, transparency is composited over white.
 *
 * @param data [pixels × channels] 8-bit sRGB, alpha not premultiplied
 * @param channels 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA
 * @returns [pixels × 3]
 */
export function copyRgb(data: Uint8Array | Uint8ClampedArray, channels: number): Uint8Array {
  if (channels === 3) return Uint8Array.from(data);
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  const [red, green, blue] = channels < 3 ? [0, 0, 0] : [0, 1, 2];
  const hasAlpha = channels % 2 === 0;
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const alpha = hasAlpha ? data[from + channels - 1]! : 255;
    rgb[to] = overWhite(data[from + red]!, alpha);
    rgb[to + 1] = overWhite(data[from + green]!, alpha);
    rgb[to + 2] = overWhite(data[from + blue]!, alpha);
  }
  return rgb;
}

function overWhite(value: number, alpha: number): number {
  return Math.round((value * alpha + 255 * (255 - alpha)) / 255);
}
