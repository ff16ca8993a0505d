/** A data set through a model: every picture once, whatever happens in between. */

import { integer, pathText, record, refuse, rejectUnknown } from '../checks/index.js';
import { checkDatasetGiven } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { Journal } from '../journal/index.js';
import { createNameSource, requireSome } from '../names/index.js';
import { InProcess } from './in-process.js';
import { dropPicture, keepPicture, tidyPictures } from './keep.js';
import { checkMasks } from './masks.js';
import type { EvaluateOptions } from './options.js';
import type { Failed, Outcome, PicturePool } from './pool.js';
import { journalOf, openFolder } from './run-folder.js';
import { RunState } from './run-state.js';
import { belowRoot, selectPictures, settingsOf } from './settings.js';
import type { ReadRun } from './summary.js';
import { RunSums } from './summary.js';
import type { Evaluation, RunRecord, RunSettings } from './types.js';

/**
 * Segments the images of a data set and compares them with their masks.
 *
 * Every image is in the journal of `out` before the next one is counted: a process that was killed and a call that was
 * aborted go on where they were, and the counts are those of a run in one go. An image that cannot be used is an
 * error, or, where the data set was opened with `onProblem: 'skip'`, left out and counted; a later run tries it again.
 * One that the source of names does not know goes by `onMissingNames`.
 *
 * The images are segmented by `segmenter` in this process, or by the engines of `pool`; the counts do not depend on
 * the order.
 *
 * @param given data set, output folder, who segments, who names, and options
 * @returns figures of the whole run, earlier parts included
 * @throws {InvSegError} `INVALID_OPTION` for options that no call would take, for a method without names and for a
 * journal of other settings; `NAMES_NOT_FOUND` also where the source knows none of the images; `OUTPUT_FAILED`; the
 * codes of the data set, the names and the segmenter; `ABORTED`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { evaluate } from 'invseg-native/evaluation';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const { mIoU, mIoU95 } = await evaluate({ segmenter, dataset, out: 'runs/baseline', sample: 3, options: { steps: 0 } });
 * console.log(mIoU, mIoU95);
 * ```
 */
export async function evaluate(given: EvaluateOptions): Promise<Evaluation> {
  return (await evaluateRun(given)).evaluation;
}

/** `evaluate`, with what a report needs besides: the journal is read, and its resamplings are drawn, once. */
export async function evaluateRun(given: EvaluateOptions): Promise<ReadRun> {
  record(given, 'options', 'an object with dataset and out');
  rejectUnknown(given, KEYS);
  checkDatasetGiven(given.dataset);
  pathText.read(given.out, 'out');
  const { dataset, out, signal, absent } = given;
  if (given.batch !== undefined) integer(1, 64).read(given.batch, 'batch');
  const { ids, places } = selectPictures(given);
  const pool = await poolOf(given);
  const batch = given.batch ?? pool.batch ?? 1;
  const { prefetch = Math.max(2, batch) } = given;
  const identity = given.identity ?? (await (given.segmenter ?? pool).identity?.());
  const options = given.options ?? pool.options;
  const settings = settingsOf({ ...given, options, identity }, pool.info, ids, pool.names);
  await openFolder(out, given.restart === true);

  const run = new RunState(given, places.length);
  const sums = new RunSums(dataset.classes.length);
  await using journal = await Journal.open<RunRecord>(journalOf(out), settings, (record, where) => {
    run.resume(record, where);
    sums.add(record);
  });
  // The sums see what the journal has, in its order.
  const keep = async (record: RunRecord): Promise<void> => {
    await journal.append(record);
    sums.add(record);
  };
  const open = places.filter(({ id }) => !run.counted(id));
  const waiting = new Set(open.map(({ id }) => id));
  run.report(undefined);
  checkSignal(signal);
  await checkMasks(dataset, run.masks, () => checkSignal(signal));
  for await (const outcome of pool.work(open, { settings, prefetch, batch, signal })) {
    checkSignal(signal);
    if (!waiting.delete(outcome.id))
      throw new InvSegError('INTERNAL', `The pool gave an outcome that was not asked for: ${outcome.id}`);
    await count(outcome, given, keep, run);
    run.report(outcome.id);
  }
  await run.listener.settle();
  // As the journal's first line gives them back.
  const whole = sums.finish(JSON.parse(JSON.stringify(settings)) as RunSettings, absent);
  const { worst, best } = whole.evaluation;
  await tidyPictures(
    out,
    [...worst, ...best].map(({ id }) => id),
  );
  return whole;
}

const KEYS = [
  ...[
    'segmenter',
    'pool',
    'dataset',
    'out',
    'names',
    'onMissingNames',
    'options',
    'sample',
    'seed',
    'shard',
    'restart',
  ],
  ...['identity', 'absent', 'prefetch', 'batch', 'signal', 'onProgress'],
];

type Keep = (record: RunRecord) => Promise<void>;

async function poolOf({ segmenter, pool, dataset, names }: EvaluateOptions): Promise<PicturePool> {
  if (pool) return pool;
  if (!segmenter)
    throw new InvSegError('INVALID_OPTION', 'Expected a segmenter or a pool for evaluate but received neither');
  if (typeof segmenter.segment !== 'function') refuse('segmenter', 'an open Segmenter', segmenter);
  const source = names ?? (await createNameSource('ground-truth', dataset));
  requireSome(source, dataset.ids);
  return new InProcess(segmenter, dataset, source);
}

/** One picture to its line in the journal. */
async function count(outcome: Outcome, given: EvaluateOptions, keep: Keep, run: RunState): Promise<void> {
  if ('error' in outcome) return leaveOut(outcome, given, keep, run);
  const { dataset, out } = given;
  const { record } = outcome;
  // Before the journal says that the picture is done: a process that ends in between draws it again.
  const { kept, gone } = run.add(record);
  const shown = kept ? await outcome.show() : undefined;
  if (shown) await keepPicture(out, shown.picture, shown.predicted, dataset.hasBackground);
  await keep(record);
  await Promise.all(gone.map((id) => dropPicture(out, id)));
}

/** @throws the error itself, unless such problems are left out and the next picture would fare better */
async function leaveOut(failed: Failed, given: EvaluateOptions, keep: Keep, run: RunState): Promise<void> {
  const { id, place, error } = failed;
  const { dataset, onMissingNames = 'skip' } = given;
  if (isFatal(error)) throw error;
  // Pictures and masks are the data set's, names are not.
  if ((error as InvSegError).code !== 'NAMES_NOT_FOUND') dataset.problem(id, error);
  else if (onMissingNames === 'throw') throw error;
  const { code, message } = belowRoot(
    { id, code: (error as InvSegError).code, message: (error as InvSegError).message },
    dataset,
  );
  const record = { id, place, skipped: { code, message } };
  if (run.skip(record)) await keep(record);
}

/** What every other picture would meet as well. */
const fatal: ReadonlySet<string> = new Set([
  'INVALID_OPTION',
  'DISPOSED',
  'ABORTED',
  'OUTPUT_FAILED',
  'OUT_OF_MEMORY',
  'DEVICE_UNAVAILABLE',
  'INTERNAL',
]);
const isFatal = (error: unknown): boolean => !(error instanceof InvSegError) || fatal.has(error.code);

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new InvSegError('ABORTED', 'The evaluation was aborted; what was counted is in the journal', {
      cause: signal.reason,
    });
}
