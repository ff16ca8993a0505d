/**
 * mIoU and mAcc on held-out pictures, baseline and InvSeg, right names against wrong ones.
 *
 *     (cd scripts && python -m miniature.heldout --count 300 --sets openmoji --seed 7 \
 *         --out ../.cache/miniature/heldout/openmoji)
 *     node scripts/figures/heldout.mjs --data .cache/miniature/heldout/openmoji --out .cache/figures/openmoji.jsonl
 *         [--limit N] [--methods baseline,invseg] [--names right,wrong] [--options '{"learningRate": 0.003}']
 *         [--model DIR] [--device cpu] [--dtype float32] [--threads 0] [--classes] [--report-only]
 *
 * Appends one JSON line a picture, method and names, and goes on where it stopped; then prints a Markdown table. The
 * `wrong` names are as many that the picture does not show, each standing in for a right one: a model that only tells
 * figure from ground scores the same with both. Needs the compiled library (dist/) and the addon.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from 'fast-png';
import { Segmenter } from '../../dist/index.js';
import { readFolder } from './folder.mjs';
import { bootstrap, count, ious, scores, total, uniform } from './metrics.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    limit: { type: 'string' },
    methods: { type: 'string', default: 'baseline,invseg' },
    names: { type: 'string', default: 'right,wrong' },
    options: { type: 'string', default: '{}' },
    model: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    dtype: { type: 'string', default: 'float32' },
    threads: { type: 'string', default: '0' },
    classes: { type: 'boolean', default: false },
    'report-only': { type: 'boolean', default: false },
  },
});
if (!values.data || !values.out) {
  console.error('usage: heldout.mjs --data DIR --out FILE.jsonl');
  process.exit(1);
}

const index = readFolder(values.data, values.limit ? Number(values.limit) : undefined);
const { pictures } = index;
const classOf = new Map(index.classes.map((name, i) => [name, i + 1]));
const CLASSES = index.classes.length + 1;

/** Names of the picture, or as many others, the same ones in every run. */
function namesFor(kind, picture, i) {
  if (kind === 'right') return picture.categories;
  const absent = index.classes.filter((name) => !picture.categories.includes(name));
  const next = uniform(1_000_003 * (i + 1));
  return picture.categories.map(() => absent.splice(Math.floor(next() * absent.length), 1)[0]);
}

/** Everything that changes a number; lines of other settings are refused. */
const settings = { options: JSON.parse(values.options), model: values.model ?? 'bundled', dtype: values.dtype };

function readLines() {
  if (!existsSync(values.out)) return [];
  const lines = readFileSync(values.out, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const other = lines.find((line) => JSON.stringify(line.settings) !== JSON.stringify(settings));
  if (other) throw new Error(`${values.out} holds other settings: ${JSON.stringify(other.settings)}`);
  return lines;
}

const keyOf = ({ picture, method, names }) => `${picture} ${method} ${names}`;
const methods = values.methods.split(',');
const kinds = values.names.split(',');

async function measure() {
  const done = new Set(readLines().map(keyOf));
  mkdirSync(path.dirname(values.out), { recursive: true });
  const { model, device, dtype } = values;
  const segmenter = await Segmenter.open({ model, device, dtype, threads: Number(values.threads) });
  let warm = false;
  try {
    for (const [i, picture] of pictures.entries()) {
      const truth = decode(readFileSync(path.join(values.data, picture.mask))).data;
      for (const method of methods) {
        for (const names of kinds) {
          const key = { picture: picture.picture, method, names };
          if (done.has(keyOf(key))) continue;
          const file = path.join(values.data, picture.picture);
          const categories = namesFor(names, picture, i);
          const options = { ...settings.options, method, seed: i, categories };
          if (!warm) await segmenter.segment(file, options); // the first runs specialise the networks' code
          warm = true;
          const result = await segmenter.segment(file, options);
          // Label k is the k-th name, and a wrong name counts as the right one in whose place it stands.
          const lookup = Uint8Array.from([...picture.categories.map((name) => classOf.get(name)), 0]);
          const counts = count(
            truth,
            result.labels.map((label) => lookup[label]),
            CLASSES,
          );
          const { timings, losses, status } = result;
          const first = losses[0]?.total ?? null;
          const last = losses.at(-1)?.total ?? null;
          const line = { ...key, settings, categories, counts, ms: timings.total, first, last, status };
          appendFileSync(values.out, `${JSON.stringify(line)}\n`);
        }
      }
      if ((i + 1) % 20 === 0) console.error(`${i + 1} of ${pictures.length}`);
    }
  } finally {
    await segmenter.dispose();
  }
}

function report() {
  const wanted = new Map(pictures.map(({ picture }, i) => [picture, i]));
  const groups = new Map();
  for (const line of readLines()) {
    if (!wanted.has(line.picture)) continue;
    const name = `${line.method} ${line.names}`;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name)[wanted.get(line.picture)] = line;
  }
  const complete = [...groups].filter(([, lines]) => lines.filter(Boolean).length === pictures.length);
  if (complete.length === 0) throw new Error('no method has all pictures yet');
  const of = (name) => new Map(complete).get(name);
  const statistic = (lines) => {
    const list = lines.map((line) => line.counts);
    return (times) => scores(total(list, times));
  };
  const interval = ([low, high]) => `[${low.toFixed(1)}, ${high.toFixed(1)}]`;

  console.log(`${pictures.length} pictures of ${values.data}; ${JSON.stringify(settings)}\n`);
  console.log('| method | names | mIoU [95 %] | mAcc [95 %] | pixels right | s an image | loss first → last |');
  console.log('|---|---|---|---|---|---|---|');
  for (const [name, lines] of complete) {
    const value = statistic(lines)();
    const range = bootstrap(lines.length, statistic(lines));
    const average = (key) => lines.reduce((sum, line) => sum + line[key], 0) / lines.length;
    const loss = lines[0].first === null ? '' : `${average('first').toFixed(3)} → ${average('last').toFixed(3)}`;
    const cells = [
      ...name.split(' '),
      `${value.mIoU.toFixed(1)} ${interval(range.mIoU)}`,
      `${value.mAcc.toFixed(1)} ${interval(range.mAcc)}`,
      value.accuracy.toFixed(1),
      (average('ms') / 1000).toFixed(2),
      loss,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const background = complete[0][1].map(({ counts: { truth } }) => {
    const all = truth.reduce((a, b) => a + b, 0);
    return { truth, hit: truth.map((n, c) => (c === 0 ? n : 0)), predicted: truth.map((_, c) => (c === 0 ? all : 0)) };
  });
  const nothing = scores(total(background));
  const cells = [nothing.mIoU, nothing.mAcc, nothing.accuracy].map((value) => value.toFixed(1));
  console.log(`| all background | | ${cells.join(' | ')} | | |`);

  const differences = [
    ['invseg right', 'baseline right', 'InvSeg − baseline, right names'],
    ['baseline right', 'baseline wrong', 'right − wrong names, baseline'],
    ['invseg right', 'invseg wrong', 'right − wrong names, InvSeg'],
  ];
  for (const [a, b, title] of differences) {
    if (!of(a) || !of(b)) continue;
    const [first, second] = [statistic(of(a)), statistic(of(b))];
    const difference = (times) => {
      const [x, y] = [first(times), second(times)];
      return { mIoU: x.mIoU - y.mIoU, mAcc: x.mAcc - y.mAcc };
    };
    const [value, range] = [difference(), bootstrap(pictures.length, difference)];
    const shown = ['mIoU', 'mAcc'].map((key) => `${key} ${value[key].toFixed(1)} ${interval(range[key])}`);
    console.log(`\n${title}: ${shown.join(', ')}`);
  }
  if (values.classes) {
    console.log(`\n| class | ${complete.map(([name]) => name).join(' | ')} |`);
    console.log(`|---|${complete.map(() => '---|').join('')}`);
    const columns = complete.map(([, lines]) => ious(total(lines.map((line) => line.counts))));
    ['background', ...index.classes].forEach((name, c) => {
      console.log(`| ${name} | ${columns.map((column) => (100 * column[c]).toFixed(1)).join(' | ')} |`);
    });
  }
}

if (!values['report-only']) await measure();
report();
