/**
 * The frame of the loss (native resolution of the training maps, or the latent's side) and the cuts of the gradient.
 *
 *     node scripts/figures/frames.mjs --data .cache/miniature/heldout/openmoji [--limit 40] [--model DIR] [--draws 3]
 *
 * Values and gradients: the same prompt, views, timesteps and noise in both frames, before the first update. Masks: the
 * whole method in both frames, against each other and against the truth. Gradients are read through one update with a
 * guard so large that Adam's step is the gradient itself. Needs the compiled library (dist/) and the addon.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from 'fast-png';
import { decodeImage } from '../../dist/image/decode.js';
import { Segmenter } from '../../dist/index.js';
import { inversionOptions } from '../../dist/methods/inversion.js';
import { selectAll } from '../../dist/methods/selections.js';
import { drawBoxes } from '../../dist/methods/views.js';
import { resolveEngineOptions, resolveOptions } from '../../dist/options/index.js';
import { Random } from '../../dist/random.js';
import { openParts } from '../../dist/segmenter/open.js';
import { readFolder } from './folder.mjs';
import { bootstrap, count, scores, total } from './metrics.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    limit: { type: 'string', default: '40' },
    draws: { type: 'string', default: '3' },
    model: { type: 'string' },
    threads: { type: 'string', default: '0' },
  },
});
if (!values.data) {
  console.error('usage: frames.mjs --data DIR');
  process.exit(1);
}

/** Adam's first step with these two is learningRate / adamEps times the gradient, up to |gradient| / adamEps. */
const GUARD = 1e3;
const GAIN = 1e6;
const FRAMES = ['native', 'latent'];
const GRADIENTS = ['exact', 'distance-constant', 'self-constant', 'keys-only'];
const SCALARS = ['loss', 'cluster', 'entropy', 'intra', 'inter'];

const index = readFolder(values.data, Number(values.limit));
const { pictures } = index;
const engineOptions = { model: values.model, device: 'cpu', dtype: 'float32', threads: Number(values.threads) };

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const norm = (a) => Math.sqrt(dot(a, a));
const cosine = (a, b) => dot(a, b) / (norm(a) * norm(b));
const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
const spread = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  return `${mean(list).toFixed(4)} (least ${sorted[0].toFixed(4)}, most ${sorted.at(-1).toFixed(4)})`;
};

/** Losses and gradient of one step from the prompt as written. */
async function probe(parts, image, embedding, prompts, overrides, step) {
  const options = resolveOptions(overrides);
  const selections = selectAll(parts, options);
  const native = { ...inversionOptions({ options, prompts, selections }), learningRate: GAIN, adamEps: GUARD };
  const inversion = await parts.engine.createInversion(image, embedding, native);
  const before = await inversion.embedding();
  const scalars = await inversion.step(step);
  const after = await inversion.embedding();
  inversion.dispose();
  const gradient = Float64Array.from(before, (value, i) => ((value - after[i]) * GUARD) / GAIN);
  return { scalars, gradient };
}

async function probeAll() {
  const parts = await openParts(resolveEngineOptions(engineOptions));
  const found = [];
  try {
    for (const [i, picture] of pictures.entries()) {
      const { rgb, width, height } = await decodeImage(path.join(values.data, picture.picture));
      const options = resolveOptions({});
      const prompts = parts.buildPrompts(picture.categories, options);
      const embedding = await parts.engine.encodeText(prompts.ids, prompts.count);
      const image = await parts.engine.encodeImage(rgb, width, height, false, 0);
      const random = new Random(i);
      for (let draw = 0; draw < Number(values.draws); draw++) {
        const boxes = drawBoxes(random, options);
        const timesteps = new Int32Array(options.viewCount).fill(random.integer(...options.timestepRange));
        const step = { boxes, timesteps, noiseSeed: random.seed() };
        const one = {};
        for (const frame of FRAMES) {
          for (const gradient of GRADIENTS) {
            one[`${frame} ${gradient}`] = await probe(parts, image, embedding, prompts, { frame, gradient }, step);
          }
        }
        found.push(one);
      }
      image.dispose();
      embedding.dispose();
    }
  } finally {
    await parts.engine.dispose();
  }
  return found;
}

async function segmentAll() {
  const segmenter = await Segmenter.open(engineOptions);
  const results = { baseline: [], native: [], latent: [] };
  const seconds = { baseline: 0, native: 0, latent: 0 };
  const agreement = [];
  try {
    for (const [i, picture] of pictures.entries()) {
      const truth = decode(readFileSync(path.join(values.data, picture.mask))).data;
      const lookup = Uint8Array.from([...picture.categories.map((name) => index.classes.indexOf(name) + 1), 0]);
      const labels = {};
      for (const name of Object.keys(results)) {
        const options = name === 'baseline' ? { method: 'baseline' } : { frame: name };
        const file = path.join(values.data, picture.picture);
        const result = await segmenter.segment(file, { ...options, categories: picture.categories, seed: i });
        labels[name] = result.labels.map((label) => lookup[label]);
        seconds[name] += result.timings.total / 1000 / pictures.length;
        results[name].push(count(truth, labels[name], index.classes.length + 1));
      }
      agreement.push(mean(Array.from(labels.native, (label, p) => Number(label === labels.latent[p]))));
    }
  } finally {
    await segmenter.dispose();
  }
  return { results, seconds, agreement };
}

const probes = await probeAll();
console.log(`${probes.length} steps on ${pictures.length} pictures of ${values.data}\n`);
console.log('| value | native | latent | correlation |\n|---|---|---|---|');
for (const name of SCALARS) {
  const [a, b] = FRAMES.map((frame) => probes.map((one) => one[`${frame} exact`].scalars[name]));
  const [x, y] = [a, b].map((list) => list.map((value) => value - mean(list)));
  console.log(`| ${name} | ${mean(a).toFixed(4)} | ${mean(b).toFixed(4)} | ${cosine(x, y).toFixed(4)} |`);
}
const between = probes.map((one) => cosine(one['native exact'].gradient, one['latent exact'].gradient));
const ratio = probes.map((one) => norm(one['latent exact'].gradient) / norm(one['native exact'].gradient));
console.log(`\ncosine of both frames' gradients: ${spread(between)}; norm latent / native: ${spread(ratio)}`);
console.log('\n| gradient, cosine to the exact one | native | latent |\n|---|---|---|');
for (const mode of GRADIENTS.slice(1)) {
  const cells = FRAMES.map((frame) =>
    spread(probes.map((one) => cosine(one[`${frame} ${mode}`].gradient, one[`${frame} exact`].gradient))),
  );
  console.log(`| ${mode} | ${cells.join(' | ')} |`);
}

const { results, seconds, agreement } = await segmentAll();
console.log('\n| masks | mIoU | mAcc | s an image |\n|---|---|---|---|');
for (const [name, list] of Object.entries(results)) {
  const { mIoU, mAcc } = scores(total(list));
  const title = name === 'baseline' ? name : `InvSeg, frame ${name}`;
  console.log(`| ${title} | ${mIoU.toFixed(1)} | ${mAcc.toFixed(1)} | ${seconds[name].toFixed(2)} |`);
}
const difference = (times) => ({
  mIoU: scores(total(results.latent, times)).mIoU - scores(total(results.native, times)).mIoU,
});
const [low, high] = bootstrap(pictures.length, difference).mIoU;
console.log(`\nlatent − native: mIoU ${difference().mIoU.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`);
console.log(`equal pixels of both frames' masks: ${(100 * mean(agreement)).toFixed(1)} %`);
