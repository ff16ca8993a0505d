/**
 * A model beside its peer in eager PyTorch (`bench.beside`): the same weights, prompt, crops, timesteps and noise, the same threads,
 * in turns, so that what else the machine does falls on both. The ratio is the result; losses and labels must agree.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Losses of the two may differ by the order of their sums, and labels where two maps are equal to rounding. */
const [LOSS_TOLERANCE, LABELS] = [1e-4, 0.995];

/** @returns exit code: 1 where the two did not compute the same; that of the signal that ended it */
export async function peers(args, python) {
  const interrupt = new AbortController();
  let signalled;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // The second one waits for nothing.
      if (signalled) process.exit(128 + constants.signals[signal]);
      signalled = signal;
      interrupt.abort(signal);
    });
  }
  try {
    return await measure(args, python, interrupt.signal);
  } catch (error) {
    if (!signalled) throw error;
    console.error('Interrupted');
    return 128 + constants.signals[signalled];
  }
}

async function measure(args, python, signal) {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string' },
      random: { type: 'string' },
      images: { type: 'string', default: '9' },
      warmup: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      threads: { type: 'string', default: '2' },
      steps: { type: 'string', default: '15' },
      kind: { type: 'string', multiple: true, default: ['straight'] },
      json: { type: 'string' },
      page: { type: 'string' },
    },
  });
  const [images, rounds, threads, steps] = ['images', 'rounds', 'threads', 'steps'].map((name) => count(values, name));
  const warmup = count(values, 'warmup', 0);
  const { bench, randomModel } = await import('../../dist/bench/index.js');
  const { openParts } = await import('../../dist/segmenter/open.js');
  const { Segmenter } = await import('../../dist/segmenter/segmenter.js');
  const { resolveEngineOptions } = await import('../../dist/options/index.js');
  const { openBundle } = await import('../../dist/models/index.js');

  const inputs = mkdtempSync(path.join(tmpdir(), 'invseg-peers-'));
  process.on('exit', () => rmSync(inputs, { recursive: true, force: true }));
  let random;
  try {
    if (values.random !== undefined) random = await randomModel(values.random, { signal });
    const model = random?.folder ?? values.model;
    const { picture, categories } = await whatIsSeen(model);
    // Opened for its rounds alone: at full size the memory is not enough for both.
    const own = async (work) => {
      const parts = await openParts(resolveEngineOptions({ model, device: 'cpu', dtype: 'float32', threads }));
      const segmenter = Segmenter.of(parts);
      try {
        return await work(segmenter, parts);
      } finally {
        await segmenter.dispose();
      }
    };
    const bundle = await openBundle(model);
    const ours = [];
    const others = new Map(values.kind.map((kind) => [kind, []]));
    let last;
    for (let round = 0; round < rounds; round++) {
      await own(async (segmenter, parts) => {
        if (round === 0) await writeInputs(inputs, { parts, bundle, picture, categories, steps });
        ours.push(
          await bench({
            segmenter,
            picture,
            categories,
            images,
            warmup,
            random: random !== undefined,
            options: { steps },
            signal,
          }),
        );
        if (round === rounds - 1) last = await segmenter.segment(picture, { categories, steps, signal });
      });
      for (const [kind, rows] of others)
        rows.push(await peer(python, { inputs, kind, images, warmup, threads, signal }));
    }
    const theirs = await readFile(path.join(inputs, 'labels.u8'));
    return await tell(ours, others, {
      name: bundle.name,
      losses: last.losses.map(({ total }) => total),
      equal: last.labels.filter((label, i) => label === theirs[i]).length / last.labels.length,
      threads,
      steps,
      json: values.json,
      page: values.page,
    });
  } finally {
    await rm(inputs, { recursive: true });
    await random?.[Symbol.asyncDispose]();
  }
}

/** The bundled model sees a picture that it was made for, any other one that is drawn. */
async function whatIsSeen(model) {
  if (model !== undefined) {
    const { drawnPicture } = await import('../../dist/bench/index.js');
    return { picture: drawnPicture(), categories: ['cat', 'bus', 'sofa'] };
  }
  const { decodeImage } = await import('../../dist/image/index.js');
  const { rgb, width, height } = await decodeImage(path.join(root, 'models/miniature/pictures/cat-bus.png'));
  return { picture: { data: rgb, width, height, channels: 3 }, categories: ['cat', 'bus'] };
}

function count(values, name, least = 1) {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < least)
    throw new Error(`Expected a whole number from ${least} on for --${name} but received ${values[name]}`);
  return number;
}

/** What the engine will draw, drawn the same way. */
async function writeInputs(folder, { parts, bundle, picture, categories, steps }) {
  const { drawSteps } = await import('../../dist/methods/views.js');
  const { Random } = await import('../../dist/random.js');
  const { resolveOptions } = await import('../../dist/options/index.js');
  const { methods } = await import('../../dist/methods/index.js');
  const { model } = parts;
  const { manifest, engineConfig } = bundle;
  const options = resolveOptions({ steps }, model.methods);
  const { prompts: layout, needsNames } = methods[options.method];
  const prompts = parts.buildPrompts(categories, {
    ...options.prompt,
    background: options.background,
    layout,
    needsNames,
  });
  const random = new Random(options.seed);
  const predictionSeed = random.seed();
  random.seed(); // of the latent, which is the mean here
  const self = Object.values(model.defaults.inferenceSelf).reduce((sum, weight) => sum + weight, 0);
  const given = {
    name: bundle.name,
    weights: Object.fromEntries(
      ['textEncoder', 'vaeEncoder', 'unet'].map((module) => [module, engineConfig[module].weights]),
    ),
    image: manifest.image.size,
    latent: manifest.image.latentSize,
    latentScale: manifest.image.latentScale,
    betas: [manifest.schedule.betaStart, manifest.schedule.betaEnd],
    frame: Math.max(...Object.keys(model.defaults.training).map(Number)),
    cross: model.defaults.inferenceCross,
    self: Object.fromEntries(
      Object.entries(model.defaults.inferenceSelf).map(([side, weight]) => [side, weight / self]),
    ),
    ids: [...prompts.ids],
    spans: Array.from({ length: prompts.spans.length / 3 }, (_, i) => [
      prompts.spans[3 * i + 1],
      prompts.spans[3 * i + 2],
    ]),
    width: picture.width,
    height: picture.height,
    predictionSeed,
    predictionTimestep: options.inference.timestep,
    plan: drawSteps(random, options).map(({ boxes, timesteps, noiseSeed }) => ({
      timestep: timesteps[0],
      seed: noiseSeed,
      boxes: Array.from({ length: boxes.length / 4 }, (_, i) => [...boxes.subarray(4 * i, 4 * i + 4)]),
    })),
  };
  await writeFile(path.join(folder, 'case.json'), JSON.stringify(given));
  await writeFile(path.join(folder, 'picture.u8'), picture.data);
}

async function peer(python, { inputs, kind, images, warmup, threads, signal }) {
  const args = ['-W', 'ignore', '-m', 'bench.beside', '--inputs', inputs, '--kind', kind];
  const counts = { images, warmup, threads };
  for (const [name, value] of Object.entries(counts)) args.push(`--${name}`, String(value));
  const child = spawn(python, args, {
    cwd: path.join(root, 'scripts'),
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  const code = await new Promise((resolve, reject) => {
    // One that is interrupted is waited for: it writes where the inputs are.
    child.on('error', (error) => signal.aborted || reject(error)).on('close', resolve);
  });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`The peer ${kind} ended with exit code ${code}`);
  return JSON.parse(text);
}

async function tell(own, others, { name, losses, equal, threads, steps, json, page }) {
  const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
  // Of the rounds' medians.
  const typical = [...own].sort((a, b) => a.stages.total.p50 - b.stages.total.p50)[own.length >> 1];
  const ours = typical.stages.total.p50 / 1000;
  const memory = Math.max(...own.map(({ peakMemory }) => peakMemory));
  const rows = [...others].map(([kind, rounds]) => {
    const seconds = median(rounds.map((row) => median(row.seconds)));
    const { dtype, losses: theirs, torch } = rounds[0];
    const apart = Math.max(...losses.map((loss, i) => Math.abs(loss - theirs[i])));
    const peakMemory = Math.max(...rounds.map((row) => row.peakMemory));
    return {
      kind,
      dtype,
      torch,
      seconds,
      ratio: ours / seconds,
      peakMemory,
      losses: theirs,
      largestLossDifference: apart,
    };
  });
  console.log(`${name}, ${steps} steps, ${threads} threads, float32; medians of ${own.length} rounds, in turns`);
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`  this library  ${(1000 * ours).toFixed(1).padStart(8)} ms  ${mib(memory).padStart(9)}`);
  for (const { kind, dtype, seconds, ratio, peakMemory, largestLossDifference } of rows)
    console.log(
      `  ${kind.padEnd(12)}  ${(1000 * seconds).toFixed(1).padStart(8)} ms  ${mib(peakMemory).padStart(9)}  ${dtype}; ours takes ${ratio.toFixed(3)} of it; losses differ by at most ${largestLossDifference.toExponential(1)}`,
    );
  console.log(`  labels equal to the last peer's: ${(100 * equal).toFixed(2)} %`);
  if (page !== undefined) {
    const { renderBench } = await import('../../dist/bench/index.js');
    await writeFile(page, renderBench({ ...typical, peers: rows }));
  }
  if (json !== undefined) {
    const report = {
      ...typical,
      peers: rows,
      ours: { seconds: ours, peakMemory: memory, losses },
      labelsEqual: equal,
    };
    await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  const exact = rows.filter(({ dtype }) => dtype === 'float32');
  const same = exact.every(({ largestLossDifference }) => largestLossDifference <= LOSS_TOLERANCE) && equal >= LABELS;
  if (!same) console.error('The two did not compute the same');
  return same ? 0 : 1;
}
