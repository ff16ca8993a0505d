/** A data set of drawn pictures, and a segmenter without an engine: for what evaluation itself does. Needs dist/. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { link } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { encodeLabels, vocPalette } from '../../dist/draw/index.js';
import { resolveOptions } from '../../dist/options/index.js';

const CLASSES = ['cat', 'dog', 'sofa', 'bus', 'boat'];
/** Pictures that are drawn; the others are links to them, so that ten thousand take no room. */
const DRAWN = 24;

/** A folder data set of `pictures` JPEGs with masks; one that is there is taken as it is. */
export async function makeStubData(root, pictures, width, height) {
  if (existsSync(path.join(root, 'done'))) return;
  for (const name of ['images', 'masks']) mkdirSync(path.join(root, name), { recursive: true });
  writeFileSync(path.join(root, 'classes.txt'), CLASSES.join('\n'));
  const at = (folder, i, ending) => path.join(root, folder, `p${String(i).padStart(6, '0')}.${ending}`);
  for (let i = 0; i < pictures; i++) {
    if (i >= DRAWN) {
      await link(at('images', i % DRAWN, 'jpg'), at('images', i, 'jpg'));
      await link(at('masks', i % DRAWN, 'png'), at('masks', i, 'png'));
      continue;
    }
    const labels = Uint8Array.from({ length: width * height }, (_, at) => {
      const [x, y] = [(at % width) / width - 0.5, Math.floor(at / width) / height - 0.5];
      const radius = Math.hypot(x * (1 + (i % 3) / 4), y);
      if (Math.abs(radius - 0.3) < 0.01) return 255;
      return radius > 0.3 ? 0 : 1 + ((i + (x > 0.1 * Math.sin(9 * y + i) ? 1 : 0)) % CLASSES.length);
    });
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      return (
        (labels[pixel] * 37 + (pixel % width) + (at % 3) * 50 + ((Math.imul(pixel + i, 2654435761) >>> 27) & 15)) & 255
      );
    });
    writeFileSync(
      at('images', i, 'jpg'),
      await sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer(),
    );
    writeFileSync(at('masks', i, 'png'), encodeLabels(labels, width, height, vocPalette()));
  }
  writeFileSync(path.join(root, 'done'), '');
}

/** Labels by the brightness of the pixels, after `delay` ms. */
export function stubSegmenter(delay = 0) {
  const losses = Array.from({ length: 15 }, (_, i) => ({ step: i + 1, total: -1 - i / 100, cluster: -2, entropy: 1 }));
  return {
    info: {
      model: { name: 'stub', version: '1', folder: '', resolutions: [32] },
      device: 'cpu',
      deviceName: 'none',
      dtype: 'float32',
    },
    async segment({ data, width, height }, { categories: names, signal: _, saveMaps: __, ...options }) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      const categories = [...names, 'background'];
      const labels = new Uint8Array(width * height);
      for (let i = 0; i < labels.length; i++) labels[i] = (data[i * 3] >> 5) % categories.length;
      const timings = { queued: 0, decode: 0, encode: 0, inversion: 0, predict: 0, total: delay };
      return {
        width,
        height,
        labels,
        categories,
        segments: [],
        losses,
        status: 'completed',
        timings,
        prompts: [],
        warnings: [],
        options: resolveOptions(options),
      };
    },
  };
}
