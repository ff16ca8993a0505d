/** Looks at a sample of a data set picture by picture: the losses at what is true and what is seen, then what the loop does. */

import { integer, record } from '../checks/index.js';
import { checkDatasetGiven } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { drawSample, identitySettings } from '../evaluation/index.js';
import { Journal } from '../journal/index.js';
import { Listener } from '../listener.js';
import type { Segmenter } from '../segmenter/index.js';
import { checkSegmenter } from '../segmenter/index.js';
import type { Picture } from './picture.js';
import { openPicture, probePicture, runPicture } from './picture.js';
import type { Task } from './plan.js';
import { makePlans, tasksOf } from './plan.js';
import type { Piece } from './records.js';
import { pieceKey } from './records.js';
import { optionsToKeep } from './remember.js';
import { summarise } from './summary.js';
import type { DiagnoseOptions, Diagnosis } from './types.js';
import { checkVariants, DEFAULT_VARIANT, defaultVariants } from './variants.js';

/**
 * Tells whether inversion can help this model on this data: it can only where the loss is lower at the truth than at
 * what the model sees.
 *
 * @param segmenter the model
 * @param given data set, size of the sample, variants of the method, and a journal to go on from
 * @returns for every variant whether the loss points at the truth, and what the loop does to the masks
 * @throws {InvSegError} `INVALID_OPTION` for a data set without a background class, for variants that no call would
 * take, and for a journal of other settings; the data set's and the segmenter's own codes; `ABORTED`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { openDataset } from 'invseg-native/datasets';
 * import { defaultVariants, diagnose } from 'invseg-native/explain';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const variants = defaultVariants.slice(0, 1);
 * const { losses } = await diagnose(segmenter, { dataset, sample: 2, variants, inversion: false });
 * console.log(losses.truth.total, losses.hard.total);
 * ```
 */
export async function diagnose(segmenter: Segmenter, given: DiagnoseOptions): Promise<Diagnosis> {
  checkSegmenter(segmenter);
  record(given, 'options', 'an object with dataset');
  checkDatasetGiven(given.dataset);
  const { dataset, sample = 100, seed = 0, variants = defaultVariants, options = {}, inversion = true, signal } = given;
  if (!dataset.hasBackground) {
    throw new InvSegError(
      'INVALID_OPTION',
      'Expected a data set whose background is a class, since every prompt names it, but received one that ignores it',
    );
  }
  integer(1, 10_000_000).read(sample, 'sample');
  record(options, 'options.options', 'an object of options of segment');
  const chosen = checkVariants(variants, (what) => {
    throw new InvSegError('INVALID_OPTION', `Expected [{ name, overrides }, …] for variants but ${what}`);
  });
  const plans = makePlans(chosen, { ...options, seed }, segmenter.info.model.methods);
  const tasks = tasksOf(plans, inversion);
  const ids = drawSample(dataset.ids, sample, seed);
  const { model } = segmenter.info;
  // What is added to the sample or to the variants later does not touch what is there, so neither is a setting.
  const settings = {
    model: `${model.name} ${model.version}`,
    ...identitySettings(given.identity),
    protocol: dataset.protocol,
    seed,
    options,
  };
  await using journal = given.journal === undefined ? undefined : await Journal.open<Piece>(given.journal, settings);
  const pieces = new Map((journal?.records ?? []).map((piece) => [pieceKey(piece), piece]));
  const keep = async (piece: Piece): Promise<void> => {
    pieces.set(pieceKey(piece), piece);
    await journal?.append(piece);
  };

  const listener = new Listener(given.onProgress);
  for (const piece of optionsToKeep(plans, pieces)) await keep(piece);

  for (const [place, id] of ids.entries()) {
    const open = tasks.filter((task) => !pieces.has(pieceKey({ id, ...task })));
    if (open.length === 0 || pieces.has(pieceKey({ id, part: 'left', key: '' }))) continue;
    checkSignal(signal);
    const picture = await openPicture(dataset, id);
    if (typeof picture === 'string') {
      await keep({ id, part: 'left', key: '', reason: picture });
      continue;
    }
    for (const [at, task] of open.entries()) {
      checkSignal(signal);
      const done = place * tasks.length + tasks.length - open.length + at;
      listener.tell({ done, total: ids.length * tasks.length, id, variant: task.key, part: task.part });
      await keep(await work(segmenter, picture, task, signal));
    }
  }
  await listener.settle();
  return summarise({ model, dataset, ids, plans, pieces, inversion });
}

async function work(
  segmenter: Segmenter,
  picture: Picture,
  task: Task,
  signal: AbortSignal | undefined,
): Promise<Piece> {
  const { part, key, overrides } = task;
  const { id } = picture.item;
  if (part === 'probe')
    return { id, part, key, ...(await probePicture(segmenter, picture, overrides, key === DEFAULT_VARIANT, signal)) };
  const run = await runPicture(
    segmenter,
    picture,
    part === 'baseline' ? { ...overrides, steps: 0 } : overrides,
    signal,
  );
  return { id, part, key, run };
}

function checkSignal(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new InvSegError('ABORTED', 'The diagnosis was aborted; what was found is in the journal', {
      cause: signal.reason,
    });
}

export { drawSample } from '../evaluation/index.js';
