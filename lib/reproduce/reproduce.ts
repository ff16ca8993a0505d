/** Rows of the paper's tables on a data set: one run for each different setting and seed, however many tables have it. */
import path from 'node:path';
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { evaluate } from '../evaluation/index.js';
import type { AbsentRule, EvaluateProgress, Evaluation } from '../evaluation/index.js';
import type { NameSource } from '../names/index.js';
import type { Evaluated } from '../evaluation/types.js';
import type { MethodOverrides } from '../options/index.js';
import { countDone } from './done.js';
import type { NamesOffer, NamesOffers } from './offers.js';
import { makePlan } from './plan.js';
import type { Setting } from './plan.js';
import { tableResult } from './results.js';
import type { Outcome } from './results.js';
import { Sweep } from './sweep.js';
import type { RunFigures, Table, TableResult } from './types.js';

export interface ReproduceOptions {
  segmenter: Evaluated;
  /**
   * What the loop reads where a row does not say, on a model whose attention has other sides than Stable Diffusion's; default what its
   * manifest says. Given in numbers, it is known to be the same as a row of Table 5.
   */
  training?: Readonly<Record<number, number>> | undefined;
  dataset: Dataset;
  /** Runs go to `runs/<settings>/<seed>` below it. */
  out: string;
  tables: readonly Table[];
  names: NamesOffers;
  /** Numbers of rows, from 1, of a single table; default all. */
  rows?: readonly number[] | undefined;
  /** Each draws a sample and is the seed of the method; default 0 alone. */
  seeds?: readonly number[] | undefined;
  /** Pictures of each run; default all. */
  sample?: number | undefined;
  /** Under all rows. */
  options?: MethodOverrides | undefined;
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /** Hash of the weights; runs of others are refused. */
  weights?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: ReproduceProgress) => void) | undefined;
}

export interface ReproduceProgress extends EvaluateProgress {
  /** From 1. */
  run: number;
  runs: number;
  /** Folder of the run below the output folder. */
  folder: string;
  /** Pictures of all runs that are open, this run's among them. */
  left: number;
}

/**
 * Runs what is open and gives all tables. What was counted by an earlier call is not counted again.
 *
 * @throws {InvSegError} `INVALID_OPTION` where no row can run, and for runs in `out` of another model or data set; what `evaluate`
 * throws, but for names that a source does not have: those mark their row
 */
export async function reproduce(given: ReproduceOptions): Promise<TableResult[]> {
  const { segmenter, training, dataset, out, tables, names, options, rows, seeds = [0], sample, signal } = given;
  const plan = makePlan({ tables, model: { resolutions: segmenter.info.model.resolutions, training }, names, options, rows });
  const sources = new Sources();
  const outcomes = new Map<string, Outcome>(plan.settings.map(({ slug }) => [slug, { runs: [] }]));
  // Seed by seed: whoever ends early has whole tables of the first seeds.
  const runs = seeds.flatMap((seed) => plan.settings.map((setting) => ({ seed, setting })));
  const each = Math.min(sample ?? dataset.ids.length, dataset.ids.length);
  const open = await Promise.all(runs.map(async ({ seed, setting }) => each - (await countDone(path.join(out, runFolder(setting, seed, sample))))));
  for (const [i, { seed, setting }] of runs.entries()) {
    const later = open.slice(i + 1).reduce((a, b) => a + b, 0);
    const outcome = outcomes.get(setting.slug)!;
    if (outcome.failure !== undefined) continue;
    if (signal?.aborted) throw new InvSegError('ABORTED', 'The tables were aborted; what was counted is kept', { cause: signal.reason });
    try {
      const source = await sources.open(setting.names);
      outcome.names = source.description;
      outcome.runs.push(await runOne(given, setting, seed, source, { run: i + 1, runs: runs.length, later }));
    } catch (error) {
      if (!(error instanceof InvSegError) || !error.code.startsWith('NAMES_')) throw error;
      outcome.failure = error.message.split('\n')[0]!;
    }
  }
  return Promise.all(plan.tables.map((table) => tableResult(table, outcomes, { out, absent: given.absent })));
}

/** Below the output folder; a draw of other pictures is another run. */
export const runFolder = ({ slug }: Pick<Setting, 'slug'>, seed: number, sample: number | undefined): string =>
  path.join('runs', slug, sample === undefined ? `seed-${seed}` : `seed-${seed}-of-${sample}`);

async function runOne(given: ReproduceOptions, setting: Setting, seed: number, names: NameSource, place: { run: number; runs: number; later: number }): Promise<RunFigures> {
  const { segmenter, dataset, out, sample, weights, absent, signal, onProgress } = given;
  const { run, runs, later } = place;
  const folder = runFolder(setting, seed, sample);
  const at = path.join(out, folder);
  // A background that takes no part has no threshold.
  const sweeps = setting.options.backgroundRule === 'threshold' && dataset.hasBackground;
  const { model } = segmenter.info;
  await using sweep = sweeps ? await Sweep.open(at, dataset, `${model.name} ${model.version} ${weights ?? ''}`) : undefined;
  const evaluation = await evaluate({
    segmenter: sweep?.segmenter(segmenter) ?? segmenter,
    dataset,
    out: at,
    names: sweep?.names(names) ?? names,
    options: { ...setting.overrides, seed },
    sample,
    seed,
    weights,
    absent,
    signal,
    ...(onProgress && { onProgress: (progress) => onProgress({ ...progress, run, runs, folder, left: later + progress.total - progress.done }) }),
  });
  const swept = sweep?.best(evaluation.pictures.evaluated, absent);
  return { ...figuresOf(evaluation, seed, folder), ...(swept && { swept }) };
}

function figuresOf({ mIoU, mAcc, aAcc, mIoU95, pictures, milliseconds }: Evaluation, seed: number, folder: string): RunFigures {
  const { evaluated, skipped, unnamed } = pictures;
  const seconds = evaluated === 0 ? 0 : (evaluated * (milliseconds.names + milliseconds.segment)) / 1000;
  return { seed, folder, mIoU, mAcc, aAcc, mIoU95, pictures: { evaluated, skipped, unnamed }, seconds };
}

/** Each source is opened once, however many rows have it. */
class Sources {
  readonly #opened = new Map<string, Promise<NameSource>>();

  open(offer: NamesOffer): Promise<NameSource> {
    const opened = this.#opened.get(offer.identity) ?? offer.open();
    this.#opened.set(offer.identity, opened);
    return opened;
  }
}
