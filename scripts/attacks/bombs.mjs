/**
 * Small files that want much: time or memory out of proportion to their size. Each is made here, opened in a process
 * of its own whose
 * memory is bounded, and has to be an error with a code, or right.
 *
 *     node scripts/attacks/bombs.mjs [--json]
 *     node scripts/attacks/bombs.mjs NAME FOLDER           one of them, in this process; its bytes are in FOLDER/bomb
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { peakMiB, spawnBounded } from './bounded.mjs';

const MIB = 2 ** 20;
const chunk = (type, content) => {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const out = Buffer.alloc(named.length + 8);
  out.writeUInt32BE(content.length);
  named.copy(out, 4);
  out.writeUInt32BE(crc32(named), out.length - 4);
  return out;
};
const png = (width, height, ...chunks) => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...chunks,
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
const zeros = (bytes) => deflateSync(Buffer.alloc(bytes), { level: 9 });
const mask = async (bytes) =>
  (await import('../../dist/datasets/png-mask.js')).decodePngMask(bytes, 'm.png', { width: 10, height: 10 });
const decode = async (input) => (await import('../../dist/image/decode.js')).decodeImage(input);
const picture = async (file) => (await import('../../dist/datasets/pictures.js')).pictureSize(file);
const matrix = (bytes) => {
  const header = Buffer.alloc(128, ' ');
  header.write('\x00\x01IM', 124, 'latin1');
  const packed = zeros(bytes);
  const start = Buffer.alloc(8);
  start.writeUInt32LE(15, 0);
  start.writeUInt32LE(packed.length, 4);
  return Buffer.concat([header, start, packed]);
};
const sparse = (folder, name, start, bytes) => {
  writeFileSync(path.join(folder, name), start);
  truncateSync(path.join(folder, name), bytes);
  return path.join(folder, name);
};

const LARGE = 512 * MIB;
const profile = (type) =>
  png(10, 10, chunk(type, Buffer.concat([Buffer.from('p\0\0', 'latin1'), zeros(LARGE)])), chunk('IDAT', zeros(110)));
const annotation = async (value, size) =>
  (await import('../../dist/datasets/coco/annotation.js')).readAnnotation(
    { id: 1, category_id: 1, ...value },
    size,
    'a',
  );
const bundle = async (folder, name, text) => {
  mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, name, 'manifest.json'), text);
  return (await import('../../dist/models/index.js')).openBundle(path.join(folder, name));
};

/** Name → what it has to be (undefined is no error), its bytes, and who opens them. */
const bombs = {
  'mask of 10×10, half a gigabyte of data': {
    codes: ['MASK_INVALID'],
    make: () => png(10, 10, chunk('IDAT', zeros(LARGE))),
    open: mask,
  },
  'mask, half a gigabyte of colour profile': { codes: [undefined], make: () => profile('iCCP'), open: mask },
  'picture, half a gigabyte of colour profile': {
    codes: [undefined, 'IMAGE_UNREADABLE'],
    make: () => profile('iCCP'),
    open: decode,
  },
  'picture, half a gigabyte of text': {
    codes: [undefined, 'IMAGE_UNREADABLE'],
    make: () => profile('zTXt'),
    open: decode,
  },
  'picture of 10×10, half a gigabyte of data': {
    codes: [undefined, 'IMAGE_UNREADABLE'],
    make: () => png(10, 10, chunk('IDAT', zeros(LARGE))),
    open: decode,
  },
  'picture that claims 60,000×60,000': {
    codes: ['IMAGE_TOO_LARGE'],
    make: () => png(60_000, 60_000, chunk('IDAT', zeros(1000))),
    open: decode,
  },
  'compressed SVG of half a gigabyte': {
    codes: ['IMAGE_UNREADABLE'],
    make: () =>
      gzipSync(
        Buffer.concat([
          Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!--'),
          Buffer.alloc(LARGE, 'x'),
          Buffer.from('--></svg>'),
        ]),
      ),
    open: decode,
  },
  'label map of a quarter gigabyte': {
    codes: ['MASK_INVALID'],
    make: () => matrix(256 * MIB),
    open: async (bytes) =>
      (await import('../../dist/datasets/matlab.js')).readMatrix(bytes, 'm.mat', 'LabelMap', {
        width: 500,
        height: 375,
      }),
  },
  'labels of half a gigabyte from a queue': {
    codes: ['SHAPE_MISMATCH'],
    make: () => deflateRawSync(Buffer.alloc(LARGE)),
    open: async (bytes) => (await import('../../dist/evaluation/remote.js')).unpackLabels(bytes, 500 * 375),
  },
  'sparse picture of 1.9 GB': {
    codes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'],
    open: (_, folder) => picture(sparse(folder, 'a.jpg', '', 1.9e9)),
  },
  'sparse picture of 0.9 GB, a header of 10×10': {
    codes: ['IMAGE_TOO_LARGE', 'IMAGE_UNREADABLE'],
    make: () => png(10, 10, chunk('IDAT', zeros(110))),
    open: (bytes, folder) => picture(sparse(folder, 'b.png', bytes, 0.9e9)),
  },
  'sinusoids of 18.9 GB': {
    codes: ['MANIFEST_INVALID'],
    open: (_, folder) => {
      const manifest = JSON.parse(
        readFileSync(new URL('../../models/miniature/manifest.json', import.meta.url), 'utf8'),
      );
      return bundle(
        folder,
        'wide',
        JSON.stringify({ ...manifest, timeWidth: 4096, schedule: { ...manifest.schedule, steps: 200_000 } }),
      );
    },
  },
  'JSON of 80,000 levels': {
    codes: ['MANIFEST_INVALID'],
    open: (_, folder) => bundle(folder, 'deep', `${'['.repeat(80_000)}${']'.repeat(80_000)}`),
  },
  'polygon over 65,500 columns': {
    codes: ['DATASET_INVALID'],
    open: () =>
      annotation(
        { segmentation: [Array.from({ length: 3000 }, (_, i) => [i % 2 ? 65_500 : 0, i % 3]).flat()] },
        { width: 65_500, height: 1 },
      ),
  },
  'run lengths of 64 MB': {
    codes: ['DATASET_INVALID'],
    open: () =>
      annotation({ segmentation: { size: [1, 9], counts: '0'.repeat(64 * MIB - 1) } }, { width: 9, height: 1 }),
  },
  'caption of 80 kB of apostrophes': {
    codes: [undefined],
    open: async () => {
      const { loadVocabulary, NameMatcher } = await import('../../dist/names/index.js');
      return new NameMatcher(await loadVocabulary('voc')).classesIn(`a cat ${"'".repeat(80_000)} b`);
    },
  },
};

const SECONDS = 30;

if (process.argv[2] !== undefined && !process.argv[2].startsWith('--')) await one(process.argv[2], process.argv[3]);
else await all();

async function one(name, folder) {
  const { make, open } = bombs[name];
  const bytes = make && readFileSync(path.join(folder, 'bomb'));
  let code;
  const began = performance.now();
  try {
    await open(bytes, folder);
  } catch (error) {
    code = error.name === 'InvSegError' ? error.code : `${error.name}: ${error.message}`;
  }
  process.send?.({ code: code ?? null, milliseconds: Math.round(performance.now() - began), peakMiB: peakMiB() });
  process.disconnect?.();
}

async function all() {
  const folder = mkdtempSync(path.join(tmpdir(), 'invseg-bombs-'));
  const results = [];
  for (const [name, { codes, make }] of Object.entries(bombs)) {
    // Here, since what it takes to make a file is not what it takes to open it.
    if (make) writeFileSync(path.join(folder, 'bomb'), make());
    const result = await attempt(name, folder);
    results.push({ name, ...result, right: codes.includes(result.code ?? undefined) && !result.crashed });
    if (!process.argv.includes('--json')) console.log(JSON.stringify(results.at(-1)));
  }
  rmSync(folder, { recursive: true });
  if (process.argv.includes('--json')) console.log(JSON.stringify(results));
  process.exitCode = results.every(({ right }) => right) ? 0 : 1;
}

function attempt(name, folder) {
  return new Promise((resolve) => {
    const child = spawnBounded(fileURLToPath(import.meta.url), name, folder);
    child.stderr.resume();
    const timer = setTimeout(() => child.kill('SIGKILL'), SECONDS * 1000);
    let result;
    child.on('message', (message) => (result = message));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(result ?? { crashed: `${signal ?? code}` });
    });
  });
}
