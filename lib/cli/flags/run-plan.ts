/** Flags that say what is counted, the same for `evaluate` and `worker`; all that can be refused without a model. */
import type { Dataset } from '../../datasets/index.js';
import { openDataset } from '../../datasets/index.js';
import type { TaskOptions } from '../../evaluation/index.js';
import type { EngineOptions } from '../../options/index.js';
import { resolveEngineOptions } from '../../options/index.js';
import type { DatasetFlags } from './dataset.js';
import { datasetOptions } from './dataset.js';
import type { NamesFlags } from './names.js';
import { nameOptions } from './names.js';
import type { EngineFlag, SegmentFlags } from './options.js';
import { engineFlags } from './options.js';

/** As commander gives them. */
export interface PictureFlags extends DatasetFlags, NamesFlags, Pick<SegmentFlags, EngineFlag> {
  dataset?: string;
  onProblem?: string;
}

export interface PicturePlan {
  /** Without the method's options. */
  task: TaskOptions;
  dataset: Dataset;
  engine: EngineOptions;
}

/** @throws {InvSegError} the codes of options and of the data set */
export async function planPictures(flags: PictureFlags): Promise<PicturePlan> {
  const engine = resolveEngineOptions(engineFlags(flags));
  const { onProblem } = flags;
  const options = {
    ...datasetOptions(flags.dataset, flags),
    ...(onProblem !== undefined && { onProblem: onProblem as 'skip' }),
  };
  const kind = flags.names ?? 'ground-truth';
  const names = { kind, ...nameOptions(kind, flags) };
  return { task: { dataset: options, engine, names }, dataset: await openDataset(options), engine };
}
