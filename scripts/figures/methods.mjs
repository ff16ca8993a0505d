/**
 * Every method on the pictures of a folder data set: mIoU, mAcc, seconds an image; thresholds as they are and swept.
 *
 *     node scripts/figures/methods.mjs --data .cache/miniature/heldout/openmoji --limit 60 --out .cache/figures/methods.jsonl
 *         [--model DIR] [--device cpu] [--dtype float32] [--threads 0] [--report-only]
 *
 * Appends one JSON line a picture and setting, and goes on where it stopped; then prints a Markdown table with bootstrap
 * intervals over pictures. 'Swept' is the best threshold of the background on these very pictures, which is no measurement of
 * a method but of how far a threshold could take it. DiffSeg without names is told each segment's best category by the truth:
 * the figure of its segments, not of its names. Needs the compiled library (dist/) and the addon.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from 'fast-png';
import { Segmenter } from '../../dist/index.js';
import { predict } from '../../dist/methods/inversion.js';
import { labelsAt } from '../../dist/segmenter/strengths.js';
import { readFolder } from './folder.mjs';
import { bootstrap, count, scores, total } from './metrics.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    limit: { type: 'string', default: '60' },
    model: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    dtype: { type: 'string', default: 'float32' },
    threads: { type: 'string', default: '0' },
    'report-only': { type: 'boolean', default: false },
  },
});
if (!values.data || !values.out) {
  console.error('usage: methods.mjs --data DIR --out FILE.jsonl');
  process.exit(1);
}

/** DiffSegmenter's sweep, widened to what iSeg's (1 − max)² means. */
const THRESHOLDS = Array.from({ length: 45 }, (_, i) => (i + 6) / 100).concat(
  Array.from({ length: 12 }, (_, i) => (52 + 2 * i) / 100),
);
const refined = (iterations, entropyReduction = 0.015) => ({ refine: { iterations, entropyReduction } });

/** Predictions from one loop: of the prompt as written (baseline) and as learnt (invseg), name → options. */
const PREDICTIONS = {
  '': {},
  ', refine ×1': refined(1),
  ', refine ×2': refined(2),
  ', refine ×8': refined(8),
  ', refine ×8, λ 0.2': refined(8, 0.2),
  ', eq. 2 twice': { refineIterations: 2 },
};

/** Other methods, name → options. `sweep`: all thresholds are counted too. `truth`: segments are named by the truth. */
const SETTINGS = {
  diffsegmenter: { preset: 'diffsegmenter-paper', sweep: true },
  "diffsegmenter, the bundle's cross-attention": {
    preset: 'diffsegmenter-paper',
    inferenceCross: 'bundle',
    sweep: true,
  },
  "diffsegmenter, the bundle's settings": { method: 'diffsegmenter' },
  'diffseg, τ 1': { preset: 'diffseg-paper' },
  'diffseg, τ 0.4': { preset: 'diffseg-paper', diffseg: { threshold: 0.4 } },
  'diffseg, τ 0.2': { preset: 'diffseg-paper', diffseg: { threshold: 0.2 } },
  'diffseg, τ 0.2, named by the truth': { preset: 'diffseg-paper', diffseg: { threshold: 0.2 }, truth: true },
  "diffseg, the bundle's settings": { method: 'diffseg' },
  'iseg (VOC)': { preset: 'iseg-voc', sweep: true },
  'iseg (COCO)': { preset: 'iseg-coco', sweep: true },
  'iseg, one iteration': { preset: 'iseg-voc', refine: { iterations: 1 }, sweep: true },
  "iseg, one iteration, the bundle's cross-attention": {
    preset: 'iseg-voc',
    refine: { iterations: 1 },
    inferenceCross: 'bundle',
    layers: { inferenceCross: 'all' },
    sweep: true,
  },
};
const LOOPED = ['baseline', 'invseg'];

const index = readFolder(values.data, Number(values.limit));
const { pictures } = index;
const classOf = new Map(index.classes.map((name, i) => [name, i + 1]));
const CLASSES = index.classes.length + 1;
const settings = [
  ...LOOPED.flatMap((method) =>
    Object.entries(PREDICTIONS).map(([name, options]) => [`${method}${name}`, { method, ...options }]),
  ),
  ...Object.entries(SETTINGS),
];
const keyOf = ({ picture }, setting, options) =>
  JSON.stringify([picture, setting, options, values.model ?? 'bundled', values.dtype]);

function readLines() {
  if (!existsSync(values.out)) return [];
  return readFileSync(values.out, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** Segment → the class that most of its pixels have in the truth. */
function nameByTruth(labels, truth) {
  const votes = Array.from({ length: 256 }, () => new Uint32Array(CLASSES));
  labels.forEach((segment, i) => votes[segment][truth[i]]++);
  const winner = votes.map((row) => row.indexOf(Math.max(...row)));
  return labels.map((segment) => winner[segment]);
}

/** One line: counts of the labels, and for all thresholds where these are swept. */
function write(picture, setting, own, truth, labels, strengths, ms) {
  const lookup = Uint8Array.from([...picture.categories.map((name) => classOf.get(name)), 0]);
  const classes = (list) => list.map((label) => lookup[label]);
  const line = {
    key: keyOf(picture, setting, own),
    ms,
    counts: count(truth, own.truth ? nameByTruth(labels, truth) : classes(labels), CLASSES),
  };
  if (own.sweep)
    line.swept = THRESHOLDS.map((threshold) => count(truth, classes(labelsAt(strengths, threshold)), CLASSES));
  appendFileSync(values.out, `${JSON.stringify(line)}\n`);
}

/** Baseline and InvSeg with all their predictions from one loop. */
async function measureLoop(segmenter, file, picture, truth, seed, steps) {
  const found = [];
  const observe = async (step, inversion, context) => {
    if (step !== 0 && step !== steps) return;
    for (const [name, options] of Object.entries(PREDICTIONS)) {
      const { labels, milliseconds } = await predict(
        { ...context, options: { ...context.options, ...options } },
        inversion,
      );
      found.push({ method: step === 0 ? 'baseline' : 'invseg', name, labels, milliseconds });
    }
  };
  const { timings } = await segmenter.observe(file, { categories: picture.categories, seed, steps }, observe);
  for (const { method, name, labels, milliseconds } of found) {
    const before = timings.decode + timings.encode + (method === 'invseg' ? timings.inversion : 0);
    write(picture, `${method}${name}`, { method, ...PREDICTIONS[name] }, truth, labels, null, before + milliseconds);
  }
}

async function measure() {
  const done = new Set(readLines().map(({ key }) => key));
  mkdirSync(path.dirname(values.out), { recursive: true });
  const { model, device, dtype } = values;
  const segmenter = await Segmenter.open({ model, device, dtype, threads: Number(values.threads) });
  const steps = 15;
  let warm = false;
  try {
    for (const [i, picture] of pictures.entries()) {
      const truth = decode(readFileSync(path.join(values.data, picture.mask))).data;
      const file = path.join(values.data, picture.picture);
      // The first runs specialise the networks' code.
      if (!warm) await segmenter.segment(file, { categories: picture.categories, steps: 2 });
      warm = true;
      if (!done.has(keyOf(picture, 'invseg', { method: 'invseg' })))
        await measureLoop(segmenter, file, picture, truth, i, steps);
      for (const [setting, own] of Object.entries(SETTINGS)) {
        if (done.has(keyOf(picture, setting, own))) continue;
        const { sweep, truth: byTruth, ...options } = own;
        const call = {
          ...options,
          seed: i,
          saveStrengths: sweep === true,
          categories: byTruth ? undefined : picture.categories,
        };
        const { labels, timings, strengths } = await segmenter.segment(file, call);
        write(picture, setting, own, truth, labels, strengths, timings.total);
      }
      console.error(`${i + 1} of ${pictures.length}`);
    }
  } finally {
    await segmenter.dispose();
  }
}

function report() {
  const lines = new Map(readLines().map((line) => [line.key, line]));
  const interval = ([low, high]) => `[${low.toFixed(1)}, ${high.toFixed(1)}]`;
  const row = (name, lists, ms) => {
    const statistic = (times) => scores(total(lists, times));
    const value = statistic();
    const range = bootstrap(lists.length, statistic);
    const cells = ['mIoU', 'mAcc'].map((key) => `${value[key].toFixed(1)} ${interval(range[key])}`);
    console.log(`| ${[name, ...cells, value.accuracy.toFixed(1), ms === undefined ? '' : ms].join(' | ')} |`);
  };
  console.log(
    `${pictures.length} pictures of ${values.data}, model ${values.model ?? 'bundled'}, ${values.dtype} on ${values.device}\n`,
  );
  console.log('| setting | mIoU [95 %] | mAcc [95 %] | pixels right | s an image |\n|---|---|---|---|---|');
  const found = new Map();
  for (const [setting, options] of settings) {
    const own = pictures.map((picture) => lines.get(keyOf(picture, setting, options)));
    if (own.some((line) => line === undefined)) continue;
    found.set(setting, own);
    const seconds = own.reduce((sum, { ms }) => sum + ms, 0) / own.length / 1000;
    row(
      setting,
      own.map(({ counts }) => counts),
      seconds.toFixed(2),
    );
    if (!options.sweep) continue;
    const at = THRESHOLDS.map((_, t) => own.map(({ swept }) => swept[t]));
    const best = at
      .map((list) => scores(total(list)).mIoU)
      .reduce((top, value, t, all) => (value > all[top] ? t : top), 0);
    row(`${setting}, swept: threshold ${THRESHOLDS[best]}`, at[best]);
  }
  console.log('\n| difference of mIoU | [95 %] |\n|---|---|');
  for (const base of ['baseline', 'invseg']) {
    for (const setting of found.keys()) {
      if (!setting.startsWith(`${base}, `) || !setting.match(/refine|eq/) || !found.has(base)) continue;
      const [a, b] = [setting, base].map((name) => found.get(name).map(({ counts }) => counts));
      const difference = (times) => ({ mIoU: scores(total(a, times)).mIoU - scores(total(b, times)).mIoU });
      console.log(
        `| ${setting} − ${base} | ${difference().mIoU.toFixed(1)} ${interval(bootstrap(a.length, difference).mIoU)} |`,
      );
    }
  }
}

if (!values['report-only']) await measure();
report();
