/** Two runs over the same images: what changed, and how sure that is. */

import { pathText, record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { Difference } from '../journal/index.js';
import { differences } from '../journal/index.js';
import type { AbsentRule, Metrics } from '../scores/index.js';
import { bootstrap, meanIoUOf, metricsOf } from '../scores/index.js';
import type { ReadRun } from './summary.js';
import { readRun } from './summary.js';

/** Options of `compareRuns`. */
export interface CompareOptions {
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /** Images that changed most, on each side; default 10. */
  shown?: number | undefined;
  /** Resamplings; default 10,000. */
  samples?: number | undefined;
}

/** What `compareRuns` found. Fractions in [0, 1]; null where nothing can be said. Differences are B minus A. */
export interface Comparison {
  /** Of this object. */
  format: 'invseg-comparison/1';
  /** Folders of A and B. */
  runs: [string, string];
  /** Settings that differ; `there` is A's, `here` B's. */
  settings: Difference[];
  /** Images of both runs, and of one alone, which are left out. */
  pictures: {
    /** Of both. */
    common: number;
    /** Left out. */
    onlyA: number;
    /** Left out. */
    onlyB: number;
  };
  /** Mean over classes of intersection over union. */
  mIoU: Change;
  /** Mean over classes of the share of the class's pixels that were found. */
  mAcc: Change;
  /** Share of all labelled pixels that are right. */
  aAcc: Change;
  /** 95 % interval of the mIoU's difference, images resampled in pairs. */
  mIoU95: [number | null, number | null];
  /** Share of the resamplings in which B's mIoU is the higher one. */
  higher: number | null;
  /** IoU in label order. */
  perClass: (Change & {
    /** Of the class. */
    name: string;
  })[];
  /** The largest falls of an image's own mean IoU, the largest first. */
  falls: (Change & {
    /** Of the image. */
    id: string;
  })[];
  /** The largest rises of an image's own mean IoU, the largest first. */
  rises: (Change & {
    /** Of the image. */
    id: string;
  })[];
  /** Numbers of images by the change of their own mean IoU. */
  counts: {
    /** Higher in B. */
    better: number;
    /** Lower in B. */
    worse: number;
    /** The same, or no figure in either. */
    same: number;
  };
}

/** A figure in both runs. */
export interface Change {
  /** In A. */
  a: number | null;
  /** In B. */
  b: number | null;
  /** b − a. */
  difference: number | null;
}

/** What is compared was compared with the same masks. */
function checkTruth(
  a: string,
  { rows }: ReadRun,
  b: string,
  { rows: others }: ReadRun,
  pairs: readonly (readonly [number, number])[],
): void {
  const other = pairs.find(([i, j]) => rows[i]!.mask !== others[j]!.mask);
  if (other === undefined) return;
  throw new InvSegError(
    'INVALID_OPTION',
    `${a} and ${b} counted ${rows[other[0]]!.id} with different masks; make one of them anew`,
  );
}

/**
 * Compares two runs over the same images: what changed, and how sure that is.
 *
 * @param a folder of a run
 * @param b folder of another over images of the same data set
 * @param options how absent classes count, how many images are shown, how many resamplings are made
 * @returns differences B − A over the images that both have
 * @throws {InvSegError} `INVALID_OPTION` for runs of different classes, protocols or masks, without a common image, or
 * that are not there; `OUTPUT_FAILED` for a damaged journal
 * @example
 * ```ts
 * import { compareRuns } from 'invseg-native/evaluation';
 *
 * const { mIoU, mIoU95 } = await compareRuns('runs/a', 'runs/b');
 * console.log(mIoU.difference, mIoU95);
 * ```
 */
export async function compareRuns(a: string, b: string, options: CompareOptions = {}): Promise<Comparison> {
  for (const [name, run] of Object.entries({ a, b })) pathText.read(run, name);
  record(options, 'options', 'an object with absent, shown or samples');
  const { absent = 'nan-mean', shown = 10, samples = 10_000 } = options;
  // One after the other: of two that cannot be read, the first is the one that is named.
  const runA = await readRun(a, { absent, samples: 0 });
  const runB = await readRun(b, { absent, samples: 0 });
  checkComparable(a, runA, b, runB);
  const placeB = new Map(runB.rows.map(({ id }, i) => [id, i]));
  const pairs = runA.rows.flatMap(({ id }, i) => (placeB.has(id) ? [[i, placeB.get(id)!] as const] : []));
  if (pairs.length === 0) throw new InvSegError('INVALID_OPTION', `${a} and ${b} have no image in common`);

  checkTruth(a, runA, b, runB, pairs);
  const tables = [runA.table.take(pairs.map(([i]) => i)), runB.table.take(pairs.map(([, j]) => j))] as const;
  const once = new Uint8Array(pairs.length).fill(1);
  const wholes = tables.map((table) => table.sum(once));
  const [metricsA, metricsB] = wholes.map((whole) => metricsOf(whole, absent)) as [Metrics, Metrics];
  const means = wholes.map((whole) => meanIoUOf(whole, absent));
  let [higher, drawn] = [0, -1]; // the first call is the data itself
  const interval = bootstrap(
    pairs.length,
    (times) => {
      const [before, after] = tables.map((table, run) => means[run]!(table.sum(times))) as [number, number];
      if (++drawn > 0 && after > before) higher++;
      return after - before;
    },
    { samples },
  );
  const own = pairs.map(([i, j]) => ({ id: runA.rows[i]!.id, ...change(runA.rows[i]!.mIoU, runB.rows[j]!.mIoU) }));
  const changed = own
    .filter(({ difference }) => difference !== null && difference !== 0)
    .sort((x, y) => x.difference! - y.difference!);
  const worse = changed.filter(({ difference }) => difference! < 0);
  const better = changed.slice(worse.length);
  return {
    format: 'invseg-comparison/1',
    runs: [a, b],
    settings: differences(runA.evaluation.settings, runB.evaluation.settings),
    pictures: { common: pairs.length, onlyA: runA.rows.length - pairs.length, onlyB: runB.rows.length - pairs.length },
    mIoU: change(metricsA.mIoU, metricsB.mIoU),
    mAcc: change(metricsA.mAcc, metricsB.mAcc),
    aAcc: change(metricsA.aAcc, metricsB.aAcc),
    mIoU95: [known(interval.low), known(interval.high)],
    higher: drawn > 0 ? higher / drawn : null,
    perClass: runA.evaluation.settings.classes.map((name, c) => ({
      name,
      ...change(metricsA.iou[c]!, metricsB.iou[c]!),
    })),
    falls: worse.slice(0, shown),
    rises: better.reverse().slice(0, shown),
    counts: { better: better.length, worse: worse.length, same: own.length - changed.length },
  };
}

/** Any two methods, models or samples may be compared, but only on the same classes of the same truth. */
function checkComparable(a: string, runA: ReadRun, b: string, runB: ReadRun): void {
  const truth = ({ evaluation: { settings } }: ReadRun) => ({
    dataset: settings.dataset,
    protocol: settings.protocol,
    classes: settings.classes,
  });
  const found = differences(truth(runA), truth(runB));
  if (found.length === 0) return;
  const lines = found.map(({ key, there, here }) => `  ${key}: ${there} in ${a}, ${here} in ${b}`);
  throw new InvSegError(
    'INVALID_OPTION',
    `${a} and ${b} were compared with different truths: ${found.map(({ key }) => key).join(', ')}\n${lines.join('\n')}`,
  );
}

function change(a: number | null, b: number | null): Change {
  const [before, after] = [known(a), known(b)];
  return { a: before, b: after, difference: before === null || after === null ? null : after - before };
}

const known = (value: number | null): number | null => (value === null || Number.isNaN(value) ? null : value);
