/**
 * Settings of DiffSegmenter and DiffSeg for a model: every combination below on pictures of a folder data set, the best
 * first.
 *
 *     node scripts/figures/choose-methods.mjs --data <training-style pictures> --limit 60 --out FILE.jsonl
 *         [--method diffsegmenter] [--model DIR] [--threads 1] [--top 12]
 *
 * What is best here is chosen, not measured: measure it on other pictures (`methods.mjs`). Appends one JSON line a
 * picture and combination and goes on where it stopped. Needs the compiled library (dist/) and the addon.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from 'fast-png';
import { Segmenter } from '../../dist/index.js';
import { labelsAt } from '../../dist/segmenter/strengths.js';
import { readFolder } from './folder.mjs';
import { count, scores, total } from './metrics.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    limit: { type: 'string', default: '40' },
    method: { type: 'string', default: 'diffsegmenter,diffseg' },
    model: { type: 'string' },
    threads: { type: 'string', default: '1' },
    top: { type: 'string', default: '12' },
  },
});
if (!values.data || !values.out) {
  console.error('usage: choose-methods.mjs --data DIR --out FILE.jsonl');
  process.exit(1);
}

/** Option → what is tried; a threshold of the background costs no pass and is swept for every combination. */
const GRIDS = {
  diffsegmenter: {
    inferenceCross: [undefined, 'bundle'],
    crossScale: ['min-max', 'none'],
    inferenceTimestep: [50, 100],
    template: ['a photograph of {}', '{}'],
    wordWeight: [1, 1.21],
  },
  diffseg: {
    diffseg: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3].map((threshold) => ({ threshold })),
    inferenceSelf: ['proportional', 'bundle'],
    inferenceTimestep: [50, 100, 300],
  },
};
const THRESHOLDS = Array.from({ length: 33 }, (_, i) => (30 + 2 * i) / 100);

const combinations = (grid) =>
  Object.entries(grid).reduce(
    (all, [key, list]) => all.flatMap((one) => list.map((value) => ({ ...one, [key]: value }))),
    [{}],
  );

const { classes, pictures } = readFolder(values.data, Number(values.limit));
const classOf = new Map(classes.map((name, i) => [name, i + 1]));
const settings = values.method
  .split(',')
  .flatMap((method) => combinations(GRIDS[method]).map((own) => ({ method, ...own })));
const keyOf = ({ picture }, setting) => JSON.stringify([picture, setting]);
const lines = () =>
  existsSync(values.out)
    ? readFileSync(values.out, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

async function measure() {
  const done = new Set(lines().map(({ key }) => key));
  mkdirSync(path.dirname(values.out), { recursive: true });
  const segmenter = await Segmenter.open({ model: values.model, device: 'cpu', threads: Number(values.threads) });
  try {
    for (const [i, picture] of pictures.entries()) {
      const truth = decode(readFileSync(path.join(values.data, picture.mask))).data;
      const lookup = Uint8Array.from([...picture.categories.map((name) => classOf.get(name)), 0]);
      const counts = (labels) =>
        count(
          truth,
          labels.map((label) => lookup[label]),
          classes.length + 1,
        );
      for (const setting of settings) {
        if (done.has(keyOf(picture, setting))) continue;
        const swept = setting.method === 'diffsegmenter';
        // From its author's settings on, whatever the model's own say.
        const call = {
          preset: `${setting.method}-paper`,
          ...setting,
          seed: i,
          categories: picture.categories,
          saveStrengths: swept,
        };
        const { labels, strengths } = await segmenter.segment(path.join(values.data, picture.picture), call);
        const found = swept ? THRESHOLDS.map((threshold) => counts(labelsAt(strengths, threshold))) : [counts(labels)];
        appendFileSync(values.out, `${JSON.stringify({ key: keyOf(picture, setting), found })}\n`);
      }
      console.error(`${i + 1} of ${pictures.length}`);
    }
  } finally {
    await segmenter.dispose();
  }
}

function report() {
  const found = new Map(lines().map((line) => [line.key, line.found]));
  for (const method of values.method.split(',')) {
    const rows = settings
      .filter((setting) => setting.method === method && pictures.every((picture) => found.has(keyOf(picture, setting))))
      .flatMap((setting) => {
        const all = pictures.map((picture) => found.get(keyOf(picture, setting)));
        return all[0].map((_, t) => {
          const threshold = all[0].length > 1 ? { backgroundThreshold: THRESHOLDS[t] } : {};
          return { setting: { ...setting, ...threshold }, ...scores(total(all.map((list) => list[t]))) };
        });
      })
      .sort((a, b) => b.mIoU - a.mIoU);
    console.log(`${method}, ${pictures.length} pictures of ${values.data}: mIoU, mAcc, settings`);
    for (const { setting, mIoU, mAcc } of rows.slice(0, Number(values.top))) {
      console.log(`  ${mIoU.toFixed(1)}  ${mAcc.toFixed(1)}  ${JSON.stringify(setting)}`);
    }
  }
}

await measure();
report();
