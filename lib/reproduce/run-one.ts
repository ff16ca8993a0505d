/** One run of a table: a setting with one seed, in a folder of its own. */
import path from 'node:path';
import type { Dataset } from '../datasets/index.js';
import type { Evaluated, EvaluateProgress, Evaluation } from '../evaluation/index.js';
import { evaluate } from '../evaluation/index.js';
import type { ModelIdentity } from '../models/index.js';
import { hashNamed } from '../models/index.js';
import type { NameSource } from '../names/index.js';
import type { AbsentRule } from '../scores/index.js';
import type { Setting } from './plan.js';
import { Sweep } from './sweep.js';
import type { RunFigures } from './types.js';

/** What all runs have in common. */
export interface RunContext {
  /** Images and masks. */
  dataset: Dataset;
  /** Runs go to `runs/<settings>/<seed>` below it. */
  out: string;
  /** Images of each run; default all. */
  sample?: number | undefined;
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /** As in `evaluate`; default `skip`. */
  onMissingNames?: 'skip' | 'throw' | undefined;
  /** What the model is made of; runs of another one are refused. */
  identity?: ModelIdentity | undefined;
  /** Ends the call with the code `ABORTED`; what was counted is kept. */
  signal?: AbortSignal | undefined;
}

export interface RunJob {
  setting: Setting;
  /** Of the draw and of the method. */
  seed: number;
  segmenter: Evaluated;
  names: NameSource;
  onProgress?: ((progress: EvaluateProgress) => void) | undefined;
}

/** Below the output folder; a draw of other images is another run. */
export const runFolder = ({ slug }: Pick<Setting, 'slug'>, seed: number, sample: number | undefined): string =>
  path.join('runs', slug, sample === undefined ? `seed-${seed}` : `seed-${seed}-of-${sample}`);

/** @throws {InvSegError} what `evaluate` throws */
export async function runOne(context: RunContext, job: RunJob): Promise<RunFigures> {
  const { dataset, out, sample, absent, onMissingNames, identity, signal } = context;
  const { setting, seed, segmenter, names, onProgress } = job;
  const folder = runFolder(setting, seed, sample);
  const at = path.join(out, folder);
  // A background that takes no part has no threshold.
  const sweeps = setting.options.background.rule === 'threshold' && dataset.hasBackground;
  const { model } = segmenter.info;
  await using sweep = sweeps
    ? await Sweep.open(at, dataset, `${model.name} ${model.version} ${identity ? hashNamed({ ...identity }) : ''}`)
    : undefined;
  const evaluation = await evaluate({
    segmenter: sweep?.segmenter(segmenter) ?? segmenter,
    dataset,
    out: at,
    names: sweep?.names(names) ?? names,
    options: { ...setting.options, seed },
    sample,
    seed,
    identity,
    absent,
    onMissingNames,
    signal,
    onProgress,
  });
  const swept = sweep?.best(evaluation.pictures.evaluated, absent);
  return { ...figuresOf(evaluation, seed, folder), ...(swept && { swept }) };
}

function figuresOf(
  { mIoU, mAcc, aAcc, mIoU95, pictures, milliseconds }: Evaluation,
  seed: number,
  folder: string,
): RunFigures {
  const { evaluated, skipped, unnamed } = pictures;
  const seconds = evaluated === 0 ? 0 : (evaluated * (milliseconds.names + milliseconds.segment)) / 1000;
  return { seed, folder, mIoU, mAcc, aAcc, mIoU95, pictures: { evaluated, skipped, unnamed }, seconds };
}
