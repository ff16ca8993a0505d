/** Right inputs, which the attacks start from, and how a mutated one becomes a file again. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { encode } from 'fast-png';
import { COCO_IDS } from '../../dist/datasets/coco/categories.js';
import { seal } from '../../dist/journal/seal.js';
import { LABEL_NAMES, labelNamesText } from '../../dist/labels/label-names.js';
import { resolveOptions } from '../../dist/options/index.js';
import { parseJson } from '../../dist/system/json.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const model = (...parts) => readFileSync(path.join(root, 'models', ...parts));
export const json = (value) => Buffer.from(JSON.stringify(value));

/** JSON that is no JSON is refused by whoever reads it, with an error of theirs; here it is passed over. */
function parsed(bytes) {
  try {
    return { value: parseJson(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}

/** Chunks as they are, each with its checksum: what a decoder sees behind the first check. */
export function withChecksums(bytes) {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 12 + out.readUInt32BE(at);
    if (end > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return out;
}

/** Lines of JSON with a checksum each. */
export function sealed(bytes) {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  return Buffer.from(
    lines
      .map((line) => {
        try {
          return `${seal(JSON.parse(line))}\n`;
        } catch {
          return `${line}\n`;
        }
      })
      .join(''),
  );
}

export const ofJson = (use) => (bytes) => {
  const found = parsed(bytes);
  return found === undefined ? undefined : use(found.value);
};

export const size = { width: 7, height: 5 };
export const labels = Uint8Array.from({ length: 35 }, (_, i) => i % 4);
const palette = Array.from({ length: 4 }, (_, i) => [i, i, i]);
/** What a mask says of its own labels. */
export const named = labelNamesText({ names: ['cat', 'dog', '猫', 'background'], background: 3 });
/** Grey, with a palette, with its names. */
export const masks = [{}, { palette }, { palette, text: { [LABEL_NAMES]: named } }].map((more) =>
  Buffer.from(encode({ ...size, data: labels, depth: 8, channels: 1, ...more })),
);
export const place = { id: 'p1', place: 3 };
export const record = {
  ...place,
  mask: '0123456789abcdef',
  counts: [
    [0, 3, 4, 4],
    [1, 2, 3, 3],
  ],
  confused: [
    [0, 1, 1],
    [1, 0, 1],
  ],
  names: [1],
  milliseconds: { load: 1, names: 1, encode: 1, inversion: 1, predict: 1, segment: 1 },
  losses: [[-1, -2, 3]],
  warnings: ['w'],
};
export const settings = {
  format: 'invseg-run/3',
  version: '0.1.0',
  model: 'm 1',
  weights: null,
  manifest: null,
  code: null,
  tokenizer: null,
  device: 'cpu',
  dtype: 'float32',
  dataset: 'folder',
  split: null,
  protocol: 'p',
  classes: ['background', 'cat', 'dog', 'sofa'],
  hasBackground: true,
  pictures: 4,
  list: 'x',
  sample: null,
  seed: 0,
  shard: null,
  names: 'n',
  options: resolveOptions(),
  unlisted: [{ id: 'a', code: 'DATASET_INVALID', message: 'm' }],
};
export const annotations = [
  {
    id: 1,
    image_id: 5,
    category_id: 1,
    iscrowd: 0,
    area: 9,
    segmentation: [
      [1, 1, 5, 1, 5, 4, 1, 4],
      [0, 0, 2, 2, 3, 0],
    ],
  },
  { id: 2, image_id: 5, category_id: 18, iscrowd: 1, segmentation: { size: [5, 7], counts: [3, 10, 22] } },
  { id: 3, image_id: 5, category_id: 18, segmentation: { size: [5, 7], counts: '3:f0' } },
];
export const coco = {
  images: [{ id: 5, file_name: 'a.jpg', width: 7, height: 5 }],
  annotations,
  categories: COCO_IDS.map((id) => ({ id, name: `c${id}` })),
};
