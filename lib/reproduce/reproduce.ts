/** Rows of the paper's tables on a data set: one run for each different setting and seed, however many tables have it. */
import path from 'node:path';
import { pathText, record, refuse } from '../checks/index.js';
import { checkDatasetGiven } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { Evaluated, EvaluateProgress } from '../evaluation/index.js';
import type { NameSource } from '../names/index.js';
import { countDone } from './done.js';
import type { NamesOffer } from './offers.js';
import type { PlanInput, Setting } from './plan.js';
import { checkRunnable, makePlan } from './plan.js';
import type { Outcome } from './results.js';
import { tableResult } from './results.js';
import type { RunContext } from './run-one.js';
import { runFolder, runOne } from './run-one.js';
import type { RunFigures, TableResult } from './types.js';

/** What `reproduce` takes. */
export interface ReproduceOptions extends RunContext, Omit<PlanInput, 'model'> {
  /** Of one model, at least one; several work on several runs at once. */
  segmenters: readonly Evaluated[];
  /**
   * What the loop reads where a row does not say, on a model whose attention has other sides than Stable Diffusion's; default what its
   * manifest says. Given in numbers, it is known to be the same as a row of Table 5.
   */
  training?: Readonly<Record<number, number>> | undefined;
  /** Each draws a sample and is the seed of the method; default 0 alone. */
  seeds?: readonly number[] | undefined;
  /** Called after each image. */
  onProgress?: ((progress: ReproduceProgress) => void) | undefined;
}

/** Where the runs of the tables are. */
export interface ReproduceProgress extends EvaluateProgress {
  /** Number of the run, from 1. */
  run: number;
  /** Number of runs. */
  runs: number;
  /** Folder of the run below the output folder. */
  folder: string;
  /** Images of all runs that are open. */
  left: number;
}

/** A run of the plan. */
interface Run {
  readonly seed: number;
  readonly setting: Setting;
  readonly folder: string;
  /** Images that are not counted yet. */
  left: number;
  figures?: RunFigures;
}

/**
 * Runs rows of the paper's tables on a data set, one run for each different setting and seed, and gives our figures
 * beside the paper's. What was counted by an earlier call is not counted again.
 *
 * @param given segmenters of one model, data set, output folder, tables, and who names the classes
 * @returns the tables in the order asked for
 * @throws {InvSegError} `INVALID_OPTION` where no row can run, and for runs in `out` of another model or data set;
 * what `evaluate` throws, but for names that a source does not have: those mark their row
 * @example
 * ```ts
 * import { createNameSource, Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { paperTables, reproduce } from 'invseg-native/evaluation';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const open = () => createNameSource('ground-truth', dataset);
 * const [table] = await reproduce({
 *   segmenters: [segmenter],
 *   dataset,
 *   out: 'tables',
 *   tables: paperTables.filter(({ name }) => name === 'table2'),
 *   rows: [1],
 *   names: { standard: { label: 'ground-truth', identity: 'ground-truth', open } },
 *   options: { steps: 1 },
 *   sample: 2,
 * });
 * console.log(table?.rows.map(({ cells, ours }) => [...cells, ours?.mIoU.value]));
 * ```
 */
export async function reproduce(given: ReproduceOptions): Promise<TableResult[]> {
  record(given, 'options', 'an object with segmenters, dataset and out');
  if (!Array.isArray(given.segmenters)) refuse('segmenters', 'a list of segmenters', given.segmenters);
  checkDatasetGiven(given.dataset);
  pathText.read(given.out, 'out');
  const { segmenters, training, dataset, out, seeds = [0], sample, absent } = given;
  if (segmenters.length === 0)
    throw new InvSegError('INVALID_OPTION', 'Expected at least one segmenter for the tables but received none');
  const { resolutions, methods } = segmenters[0]!.info.model;
  const plan = makePlan({ ...given, model: { resolutions, training, methods } });
  checkRunnable(plan);
  const each = Math.min(sample ?? dataset.ids.length, dataset.ids.length);
  // Seed by seed: whoever ends early has whole tables of the first seeds.
  const runs: Run[] = [];
  for (const seed of seeds) {
    for (const setting of plan.settings) {
      const folder = runFolder(setting, seed, sample);
      runs.push({ seed, setting, folder, left: each - (await countDone(path.join(out, folder))) });
    }
  }
  const outcomes = await runAll(given, runs);
  return Promise.all(plan.tables.map((table) => tableResult(table, outcomes, { out, absent })));
}

/** Every segmenter takes the next run. The first error ends them all. @returns outcome of each setting, by its slug */
async function runAll(given: ReproduceOptions, runs: Run[]): Promise<Map<string, Outcome>> {
  const { segmenters, signal: caller, onProgress } = given;
  const stop = new AbortController();
  const signal = caller ? AbortSignal.any([caller, stop.signal]) : stop.signal;
  const sources = new Sources();
  const outcomes = new Map<string, Outcome>(runs.map(({ setting: { slug } }) => [slug, { runs: [] }]));
  const open = runs.entries();

  const work = async (segmenter: Evaluated): Promise<void> => {
    for (const [i, run] of open) {
      const outcome = outcomes.get(run.setting.slug)!;
      if (outcome.failure !== undefined) continue;
      if (signal.aborted)
        throw new InvSegError('ABORTED', 'The tables were aborted; what was counted is kept', { cause: signal.reason });
      const tell = (progress: EvaluateProgress): void => {
        run.left = progress.total - progress.done;
        onProgress?.({
          ...progress,
          run: i + 1,
          runs: runs.length,
          folder: run.folder,
          left: runs.reduce((sum, { left }) => sum + left, 0),
        });
      };
      try {
        const names = await sources.open(run.setting.names);
        outcome.names = names.description;
        run.figures = await runOne({ ...given, signal }, { ...run, segmenter, names, onProgress: tell });
      } catch (error) {
        if (!(error instanceof InvSegError) || !error.code.startsWith('NAMES_')) throw error;
        outcome.failure = error.message.split('\n')[0]!;
        run.left = 0;
      }
    }
  };
  let failed: { error: unknown } | undefined;
  const ended = segmenters.map((segmenter) =>
    work(segmenter).catch((error: unknown) => {
      failed ??= { error };
      stop.abort();
    }),
  );
  await Promise.all(ended);
  if (failed) throw failed.error;
  for (const { setting, figures } of runs) if (figures) outcomes.get(setting.slug)!.runs.push(figures);
  return outcomes;
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
