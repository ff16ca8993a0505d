/**
 * The full-size folders of vision_language_full.py through the addon on the CPU, against transformers.
 *
 *     node scripts/parity/vision_language_full.mjs --folder /tmp/vision-language [--dtype float32] [--threads 2]
 *
 * Prints the largest difference of every array relative to its largest value, whether the captions' tokens are the same,
 * seconds and the process's peak memory. Needs the compiled library (dist/) and the addon. Exit status 1 where a float32
 * array is off by more than 1e-4 or a token differs.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadBinding } from '../../dist/native/load.js';
import { openModel } from '../../dist/vision-language/model.js';

const TOLERANCE = 1e-4;
const BOS = 49406;
const EOS = 49407;
const START = 30522;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    dtype: { type: 'string', default: 'float32' },
    threads: { type: 'string', default: '2' },
  },
});
const { binding } = loadBinding();
const reference = JSON.parse(readFileSync(path.join(values.folder, 'reference.json'), 'utf8'));
let failed = false;

/** A float32 array of NumPy's format 1.0. */
function load(name) {
  const bytes = readFileSync(path.join(values.folder, `${name}.npy`));
  const begin = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + begin, bytes.byteOffset + bytes.length));
}

function compare(name, actual) {
  const expected = load(name);
  if (actual.length !== expected.length)
    throw new Error(`${name}: ${actual.length} values, ${expected.length} expected`);
  let largest = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  const relative = largest / scale;
  if (!(relative <= TOLERANCE) && values.dtype === 'float32') failed = true;
  console.log(
    `${name.padEnd(20)} ${expected.length} values, largest difference ${relative.toExponential(1)} of ${scale.toFixed(2)}`,
  );
}

/** The bytes of vision_language_weights.picture. */
function picture(seed, width, height) {
  const data = new Uint8Array(width * height * 3);
  let i = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[i++] = (x * (3 + c) + y * (5 + 2 * c) * seed + ((x * y) >> 3)) & 255;
    }
  }
  return [data, width, height];
}

async function timed(what, work) {
  const start = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

const options = { device: 'cpu', dtype: values.dtype, threads: Number(values.threads), checkFinite: true };
const clip = await openModel('contrastive', path.join(values.folder, 'clip'));
const blip = await openModel('captioner', path.join(values.folder, 'blip'));
const engine = await timed('open', () =>
  binding.openVisionLanguage({
    contrastive: { ...clip.modules, picture: clip.manifest.picture, length: clip.manifest.tokenizer.length },
    captioner: {
      ...blip.modules,
      picture: blip.manifest.picture,
      length: blip.manifest.tokenizer.length,
      end: blip.manifest.tokenizer.ids.end,
    },
    ...options,
  }),
);
const pictures = reference.pictures.map((size) => picture(...size));
for (const [i, bytes] of pictures.entries()) {
  compare(`clipImageStates${i}`, await engine.imageStates('contrastive', ...bytes));
  compare(`clipImageEmbedding${i}`, await timed('image embedding', () => engine.imageEmbedding(...bytes)));
  compare(`blipImageStates${i}`, await engine.imageStates('captioner', ...bytes));
}
for (const [i, text] of reference.texts.entries()) {
  const ids = Int32Array.of(BOS, ...text, EOS);
  const ends = Int32Array.of(text.length + 1);
  compare(`clipTextStates${i}`, await engine.textStates(ids, ends, ids.length));
  compare(`clipTextEmbedding${i}`, await engine.textEmbeddings(ids, ends, ids.length));
}
for (const [i, bytes] of pictures.entries()) {
  const expected = reference.captions.filter((caption) => caption.picture === i);
  const prompts = expected.map(({ prompt }) => Int32Array.of(START, ...prompt));
  const found = await timed(`${prompts.length} captions`, () => engine.captions(...bytes, prompts, 3, 30));
  for (const [k, { tokens, score }] of expected.entries()) {
    const same = tokens.length === found[k].tokens.length && tokens.every((token, t) => token === found[k].tokens[t]);
    if (!same) failed = true;
    console.log(
      `picture ${i}, prompt of ${prompts[k].length}: ${tokens.length} tokens, ${same ? 'identical' : `DIFFERENT: ${found[k].tokens}`}, ` +
        `score ${found[k].score.toFixed(6)} (${score.toFixed(6)})`,
    );
  }
}
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(`peak memory ${(Number(peak[1]) / 2 ** 20).toFixed(1)} GiB`);
await engine.dispose();
process.exitCode = failed ? 1 : 0;
