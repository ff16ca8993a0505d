// Photographic backgrounds: surroundings of 360 degrees (CC0) as pictures of 512x256, tone-mapped.
//
//   node backgrounds.mjs NODE_MODULES OUT      writes OUT/<role>-<name>.png, role train | test

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, out] = process.argv.slice(2, 4).map((folder) => path.resolve(folder));
const require = createRequire(path.join(modules, 'anchor.js'));
const sharp = require('sharp');
const { default: parseExr } = await import(pathToFileURL(require.resolve('parse-exr')).href);

const TRAIN = ['apartment', 'bridge', 'dawn', 'forest', 'hall', 'lab', 'night', 'park', 'sky', 'studio', 'sunset', 'warehouse'];
// 'lobby' is left out: its benches could be called sofas.
const TEST = ['city', 'esplanade', 'sunrise', 'venice', 'workshop'];
const FLOAT = 1015; // parse-exr's name of 32-bit floats
const KEY = 0.6; // what the 80th percentile of the luminance becomes before the shoulder
const WHITE = 3; // luminance that becomes white

async function render(name, role) {
  const { default: url } = await import(pathToFileURL(require.resolve(`@pmndrs/assets/hdri/${name}.exr`)).href);
  const bytes = Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  const { width, height, data } = parseExr(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), FLOAT);
  const channels = data.length / (width * height);
  const light = new Float32Array(width * height);
  for (let i = 0; i < light.length; i++) light[i] = (data[i * channels] + data[i * channels + 1] + data[i * channels + 2]) / 3;
  const gain = KEY / [...light].sort((a, b) => a - b)[Math.floor(0.8 * light.length)];
  const rgb = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = ((height - 1 - y) * width + x) * channels; // rows come from below
      for (let c = 0; c < 3; c++) {
        const value = data[from + c] * gain;
        // The sun itself is infinite in some of them.
        const toned = Number.isFinite(value) ? Math.min(1, (Math.max(0, value) * (1 + value / WHITE ** 2)) / (1 + value)) : 1;
        rgb[(y * width + x) * 3 + c] = Math.round(255 * toned ** (1 / 2.2));
      }
    }
  }
  await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toFile(path.join(out, `${role}-${name}.png`));
}

fs.mkdirSync(out, { recursive: true });
for (const name of TRAIN) await render(name, 'train');
for (const name of TEST) await render(name, 'test');
console.log(`${TRAIN.length} backgrounds for training, ${TEST.length} held out`);
