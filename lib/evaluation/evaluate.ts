/** A data set through a model: every picture once, whatever happens in between. */
import { InvSegError } from '../errors.js';
import { createNameSource } from '../names/index.js';
import { ahead } from './ahead.js';
import { Journal } from './journal.js';
import { dropPicture, keepPicture, tidyPictures } from './keep.js';
import { ClassIndex } from './names.js';
import { loadPicture, segmentPicture } from './picture.js';
import type { FailedPicture, LoadedPicture, PictureTask } from './picture.js';
import { journalOf, openFolder } from './run-folder.js';
import { RunState } from './run-state.js';
import { belowRoot, selectPictures, settingsOf } from './settings.js';
import { readRun } from './summary.js';
import type { EvaluateOptions, Evaluation, RunRecord } from './types.js';

/**
 * Segments the pictures of a data set and compares them with their masks.
 *
 * Every picture is in the journal of `out` before the next one is counted: a process that was killed and a call that was
 * aborted go on where they were, and the counts are those of a run in one go. A picture that cannot be used is an error, or,
 * where the data set was opened with `onProblem: 'skip'`, left out and counted; a later run tries it again.
 *
 * @throws {InvSegError} `INVALID_OPTION` for options that no call would take, for a method without names and for a journal of
 * other settings; `OUTPUT_FAILED`; the codes of the data set, the names and the segmenter; `ABORTED`
 */
export async function evaluate(given: EvaluateOptions): Promise<Evaluation> {
  const { dataset, out, prefetch = 2, signal, absent } = given;
  const { ids, places } = selectPictures(given);
  const names = given.names ?? (await createNameSource('ground-truth', dataset));
  const settings = settingsOf(given, ids, names.description);
  await openFolder(out, given.restart === true);

  const run = new RunState(given, places.length);
  await using journal = await Journal.open<RunRecord>(journalOf(out), settings, (record) => run.resume(record));
  const open = places.filter(({ id }) => !run.counted(id));
  const task: PictureTask = { segmenter: given.segmenter, dataset, names, classIndex: new ClassIndex(dataset), options: settings.options, signal };
  run.report(undefined);
  for await (const loaded of ahead(open, (place) => loadPicture(dataset, place, signal), prefetch)) {
    checkSignal(signal);
    await work(task, loaded, journal, run, out);
    run.report(loaded.id);
  }
  const { evaluation } = await readRun(out, { absent });
  await tidyPictures(out, [...evaluation.worst, ...evaluation.best].map(({ id }) => id));
  return evaluation;
}

/** One picture to its line in the journal; with several devices, each would have its own. */
async function work(task: PictureTask, loaded: LoadedPicture | FailedPicture, journal: Journal<RunRecord>, run: RunState, out: string): Promise<void> {
  const { dataset } = task;
  let segmented;
  try {
    if ('error' in loaded) throw loaded.error;
    segmented = await segmentPicture(task, loaded);
  } catch (error) {
    checkSignal(task.signal);
    if (isFatal(error)) throw error;
    dataset.problem(loaded.id, error); // throws, unless problems are left out
    const { code, message } = error as InvSegError;
    const skipped = belowRoot({ id: loaded.id, code, message }, dataset);
    const record = { id: loaded.id, place: loaded.place, skipped: { code, message: skipped.message } };
    if (run.skip(record)) await journal.append(record);
    return;
  }
  const { record, predicted } = segmented;
  // Before the journal says that the picture is done: a process that ends in between draws it again.
  const { kept, gone } = run.add(record);
  if (kept) await keepPicture(out, loaded as LoadedPicture, predicted, dataset.hasBackground);
  await journal.append(record);
  await Promise.all(gone.map((id) => dropPicture(out, id)));
}

/** What every other picture would meet as well. */
const fatal: ReadonlySet<string> = new Set(['INVALID_OPTION', 'DISPOSED', 'ABORTED', 'OUTPUT_FAILED', 'OUT_OF_MEMORY', 'DEVICE_UNAVAILABLE', 'INTERNAL']);
const isFatal = (error: unknown): boolean => !(error instanceof InvSegError) || fatal.has(error.code);

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new InvSegError('ABORTED', 'The evaluation was aborted; what was counted is in the journal', { cause: signal.reason });
}
