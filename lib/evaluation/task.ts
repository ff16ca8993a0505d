/** What a run works on, as plain data that another process can be sent, and what it becomes when it is opened. */
import { integer } from '../checks/index.js';
import type { Dataset, DatasetOptions } from '../datasets/index.js';
import { openDataset } from '../datasets/index.js';
import type { NameSourceKind, NameSourceOptions, OpenedNames } from '../names/index.js';
import { openNameSource } from '../names/index.js';
import type { EngineOptions, MethodOverrides } from '../options/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import { Segmenter } from '../segmenter/index.js';
import { ClassIndex } from './class-index.js';
import type { PictureTask } from './picture.js';

/** The source of a run's names; data set, engine and images are the run's. */
export interface RunNames extends Omit<NameSourceOptions, 'engine' | 'ids' | 'identify' | 'hasBackground'> {
  /** Where the names come from. */
  kind: NameSourceKind;
}

/** What a run works on, as plain data that another process can be sent. */
export interface TaskOptions {
  /** As `openDataset` takes it. */
  dataset: DatasetOptions;
  /** As `Segmenter.open` takes them. */
  engine?: Partial<EngineOptions> | undefined;
  /** Who names the classes of each image; default the classes in its mask. */
  names?: RunNames | undefined;
  /** Options of the method. */
  options?: MethodOverrides | undefined;
  /** Images in one pass of the engine, 1–64; default 1. */
  batch?: number | undefined;
}

/** @throws {InvSegError} the codes of the source and of its models */
export function openRunNames({ names, engine }: TaskOptions, dataset: Dataset): Promise<OpenedNames> {
  const { kind, ...given } = names ?? { kind: 'ground-truth' as const };
  const { vocabulary, hasBackground, ids } = dataset;
  return openNameSource(kind, {
    ...given,
    vocabulary: given.vocabulary ?? vocabulary,
    hasBackground,
    ids,
    engine,
    identify: true,
  });
}

/** Everything that a process of its own needs; it ends with the process. @throws {InvSegError} the codes of all parts */
export async function openTask(task: TaskOptions): Promise<PictureTask> {
  const dataset = await openDataset(task.dataset);
  const { source } = await openRunNames(task, dataset);
  const segmenter = await Segmenter.open(resolveEngineOptions(task.engine));
  return {
    segmenter,
    dataset,
    names: source,
    classIndex: new ClassIndex(dataset),
    options: resolveOptions(task.options, segmenter.info.model.methods),
    batch: integer(1, 64).read(task.batch ?? 1, 'batch'),
    signal: undefined,
  };
}
