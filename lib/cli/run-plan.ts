/** Flags that say what is counted, the same for `evaluate`, its processes and `worker`; all that can be refused without a model. */

import type { Dataset } from '../datasets/index.js';
import { openDataset } from '../datasets/index.js';
import type { PictureTask } from '../evaluation/index.js';
import { ClassIndex } from '../evaluation/index.js';
import type { EngineOptions, MethodOverrides } from '../options/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { DatasetFlags } from './dataset-flags.js';
import { datasetOptions } from './dataset-flags.js';
import type { EngineFlag, SegmentFlags } from './flags.js';
import { engineFlags } from './flags.js';
import type { Io } from './io.js';
import type { NamesFlags } from './names.js';
import { PictureNames } from './names.js';
import { interruptible } from './segment.js';

/** As commander gives them: plain data, which a child process gets as it is. */
export interface PictureFlags extends DatasetFlags, NamesFlags, Pick<SegmentFlags, EngineFlag> {
  dataset?: string;
  onProblem?: string;
}

export interface PicturePlan {
  dataset: Dataset;
  engine: EngineOptions;
}

/** @throws {InvSegError} the codes of options and of the data set */
export async function planPictures(flags: PictureFlags): Promise<PicturePlan> {
  const engine = resolveEngineOptions(engineFlags(flags));
  const { onProblem } = flags;
  const dataset = await openDataset({
    ...datasetOptions(flags.dataset, flags),
    ...(onProblem !== undefined && { onProblem: onProblem as 'skip' }),
  });
  return { dataset, engine };
}

/** @throws {InvSegError} the codes of the source and of its models */
export function openNames(flags: PictureFlags, { dataset, engine }: PicturePlan): Promise<PictureNames> {
  const { vocabulary, hasBackground, ids } = dataset;
  return PictureNames.open(flags.names ?? 'ground-truth', flags, {
    engine,
    vocabulary,
    hasBackground,
    ids,
    identify: true,
  });
}

/** Everything that a process of its own needs for pictures; it ends with the process. */
export async function openTask(
  flags: PictureFlags,
  options: MethodOverrides,
  io: Pick<Io, 'openSegmenter' | 'signal'>,
): Promise<PictureTask> {
  const plan = await planPictures(flags);
  const { dataset } = plan;
  const names = await openNames(flags, plan);
  const segmenter = await interruptible(io.openSegmenter(plan.engine), io.signal);
  return {
    segmenter,
    dataset,
    names: names.source,
    classIndex: new ClassIndex(dataset),
    options: resolveOptions(options, segmenter.info.model.methods),
    signal: undefined,
  };
}
