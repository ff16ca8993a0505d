/**
 * A full-size folder (write_random_sd21.py) through the addon on the CPU.
 *
 *     node scripts/parity/full_size.mjs compare --folder /tmp/sd21 --reference /tmp/sd21-reference [--dtype float32]
 *     node scripts/parity/full_size.mjs run --folder /tmp/sd21 [--dtype float32] [--steps 2] [--threads 0]
 *
 * `compare`: text states, latent (the VAE's mean) and all 32 attention maps against reference_outputs.py, layer by
 * layer, then every level's mean in one pass. `run`: one picture through the public API, with the process's peak memory
 * (VmHWM). Needs the compiled library (dist/) and the addon.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Segmenter } from '../../dist/index.js';
import { resolveEngineOptions } from '../../dist/options/index.js';
import { openParts } from '../../dist/segmenter/open.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string' },
    reference: { type: 'string' },
    dtype: { type: 'string', default: 'float32' },
    steps: { type: 'string', default: '2' },
    threads: { type: 'string', default: '0' },
  },
});

const engineOptions = { model: values.folder, device: 'cpu', dtype: values.dtype, threads: Number(values.threads) };

/** Peak resident memory of this process in GiB. */
function peakMemory() {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line[1]) / 2 ** 20;
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** ‖a − b‖ / ‖b‖ and the largest absolute difference. */
function errors(actual, expected) {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, ${expected.length} expected`);
  let difference = 0;
  let size = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i] - expected[i]);
    difference += d * d;
    size += expected[i] * expected[i];
    if (!(d <= largest)) largest = d;
  }
  return { relative: Math.sqrt(difference / size), absolute: largest };
}

/** The maps of the layers that `chosen` names, each level's weights over its chosen layers and heads summing to 1. */
function select(layers, chosen) {
  const heads = Math.max(...layers.map((layer) => layer.heads));
  const levels = 1 + Math.max(...layers.map((layer) => layer.level));
  const flags = Uint8Array.from(layers, (_, i) => Number(chosen.includes(i)));
  const weights = new Float32Array(layers.length * heads);
  for (const i of chosen) {
    const count = chosen.filter((other) => layers[other].level === layers[i].level).length;
    weights.fill(1 / (count * layers[i].heads), i * heads, i * heads + layers[i].heads);
  }
  const all = new Float32Array(levels).fill(1);
  return {
    selfLayers: flags,
    crossLayers: flags,
    selfHeads: weights,
    crossHeads: weights,
    selfWeights: all,
    crossWeights: all,
    crossScale: 'none',
  };
}

async function compare() {
  const index = JSON.parse(readFileSync(path.join(values.reference, 'index.json'), 'utf8'));
  const load = (name) => {
    const { file, dtype } = index.arrays[name];
    const bytes = readFileSync(path.join(values.reference, file));
    const kinds = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
    return new kinds[dtype](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  };
  const { layers } = index;
  const rows = [];
  const add = (name, actual, expected) => rows.push({ name, ...errors(actual, expected) });

  let started = performance.now();
  const { engine } = await openParts(resolveEngineOptions(engineOptions));
  console.log(`opened in ${seconds(started)}`);
  const embedding = await engine.encodeText(load('ids'), 1);
  add('text states', await embedding.read(), load('states'));
  const [height, width] = index.arrays.picture.shape;
  const image = await engine.encodeImage(load('picture'), width, height, false, 0);
  add('VAE mean', await image.latent(), load('latent'));

  const read = (chosen) => engine.readMaps(image, embedding, select(layers, chosen), index.timestep, index.noiseSeed);
  const byLevel = new Map();
  layers.forEach((layer, i) => byLevel.set(layer.level, [...(byLevel.get(layer.level) ?? []), i]));
  const passes = Math.max(...[...byLevel.values()].map((list) => list.length));
  for (let pass = 0; pass < passes; pass++) {
    started = performance.now();
    const chosen = [...byLevel.values()].flatMap((list) => list.slice(pass, pass + 1));
    const maps = await read(chosen);
    console.log(`pass over ${chosen.length} layers of each kind in ${seconds(started)}`);
    for (const i of chosen) {
      const { name, level } = layers[i];
      for (const kind of ['self', 'cross']) add(`${name} ${kind}`, maps[kind][level], load(`${name} ${kind}`));
    }
  }
  started = performance.now();
  const maps = await read(layers.map((_, i) => i));
  console.log(`pass over all ${layers.length} layers of each kind in ${seconds(started)}`);
  for (const [level, list] of byLevel) {
    for (const kind of ['self', 'cross']) {
      const mean = new Float32Array(maps[kind][level].length);
      for (const i of list) load(`${layers[i].name} ${kind}`).forEach((value, j) => (mean[j] += value / list.length));
      add(`mean of level ${level} ${kind}`, maps[kind][level], mean);
    }
  }
  await engine.dispose();

  console.log('\n| what | max abs | relative |\n|---|---|---|');
  for (const { name, absolute, relative } of rows) {
    console.log(`| ${name} | ${absolute.toExponential(1)} | ${relative.toExponential(1)} |`);
  }
  const worst = Math.max(...rows.map((row) => row.relative));
  console.log(`\n${rows.length} comparisons, largest relative error ${worst.toExponential(2)}, ${values.dtype}`);
  return values.dtype === 'float32' && !(worst <= 1e-3) ? 1 : 0;
}

/** A picture with two discs, 640 x 480. */
function picture() {
  const [width, height] = [640, 480];
  const data = new Uint8Array(width * height * 3);
  const discs = [
    [200, 220, 120, [220, 50, 30]],
    [460, 280, 90, [30, 80, 220]],
  ];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour = [110 + 40 * Math.sin(x / 40), 140 + 30 * Math.sin(y / 50), 100];
      for (const [cx, cy, radius, own] of discs) if ((x - cx) ** 2 + (y - cy) ** 2 < radius ** 2) colour = own;
      data.set(colour.map(Math.round), (y * width + x) * 3);
    }
  }
  return { data, width, height, channels: 3 };
}

async function run() {
  let started = performance.now();
  const segmenter = await Segmenter.open(engineOptions);
  console.log(`opened ${segmenter.info.model.name} in ${seconds(started)}, peak ${peakMemory().toFixed(2)} GiB`);
  started = performance.now();
  const result = await segmenter.segment(picture(), {
    categories: ['cat', 'bus'],
    steps: Number(values.steps),
    onProgress: ({ stage, step }) =>
      console.log(`${seconds(started).padStart(8)}  ${stage} ${step || ''}  peak ${peakMemory().toFixed(2)} GiB`),
  });
  await segmenter.dispose();
  const { timings, losses, segments, status } = result;
  const shown = Object.entries(timings).map(([name, value]) => `${name} ${(value / 1000).toFixed(1)} s`);
  console.log(`${status}; ${shown.join(', ')}`);
  for (const { step, total, gradientNorm } of losses) {
    console.log(`step ${step}: loss ${total}, gradient ${gradientNorm}`);
  }
  for (const { label, area, score } of segments) console.log(`${label}: ${area} pixels, score ${score.toFixed(3)}`);
  console.log(`peak memory ${peakMemory().toFixed(2)} GiB, ${values.dtype}`);
  return 0;
}

const commands = { compare, run };
const command = commands[positionals[0]];
if (!command || !values.folder || (command === compare && !values.reference)) {
  console.error('usage: full_size.mjs compare|run --folder DIR [--reference DIR] [--dtype float32|bfloat16]');
  process.exit(1);
}
process.exitCode = await command();
