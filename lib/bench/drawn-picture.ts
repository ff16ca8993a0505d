import type { RawImage } from '../image/index.js';

/** Two discs on a wavy ground, 640 × 480: nothing to download, the same everywhere. */
export function drawnPicture(): RawImage {
  const [width, height] = [640, 480];
  const data = new Uint8Array(width * height * 3);
  const discs = [
    { x: 200, y: 220, radius: 120, colour: [220, 50, 30] },
    { x: 460, y: 280, radius: 90, colour: [30, 80, 220] },
  ];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = discs.find((one) => (x - one.x) ** 2 + (y - one.y) ** 2 < one.radius ** 2);
      const ground = [110 + 40 * Math.sin(x / 40), 140 + 30 * Math.sin(y / 50), 100];
      data.set((disc?.colour ?? ground).map(Math.round), (y * width + x) * 3);
    }
  }
  return { data, width, height, channels: 3 };
}
