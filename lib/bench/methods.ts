/** Accuracy and time of methods on one data set, a row a method. */
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { integer, isSignal, oneOf, pathText, record, refuse, rejectUnknown } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import { checkDatasetGiven } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { evaluateRun, openFolder } from '../evaluation/index.js';
import type { JournalRecord } from '../journal/index.js';
import { Journal } from '../journal/index.js';
import type { NameSource } from '../names/index.js';
import type { MethodName, MethodOverrides } from '../options/index.js';
import { methodNames, resolveOptions } from '../options/index.js';
import type { Segmenter } from '../segmenter/index.js';
import { checkSegmenter } from '../segmenter/index.js';
import { temporaryFolder } from '../system/index.js';
import { quantiles } from './bench.js';
import { drawnPicture } from './drawn-picture.js';
import type { Quantiles } from './types.js';

/** What `benchMethods` takes. */
export interface MethodsBenchOptions {
  /** What is timed. */
  segmenter: Segmenter;
  /** Images and masks. */
  dataset: Dataset;
  /** Each gets a row, in this order. */
  methods: readonly MethodName[];
  /** Options of all of them. */
  options?: MethodOverrides | undefined;
  /** Images drawn from the data set; default all. */
  sample?: number | undefined;
  /** Of the draw. Default 0. */
  seed?: number | undefined;
  /** Images in one pass of the engine, 1–64; default 1. */
  batch?: number | undefined;
  /** Who names the classes of each image; default the classes in its mask. */
  names?: NameSource | undefined;
  /** Gets a run of `evaluate` per method, which goes on where it ended. Default: a temporary folder. */
  out?: string | undefined;
  /** Ends the bench with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Called after each image of each method. */
  onPicture?: ((method: MethodName, done: number, total: number) => void) | undefined;
}

/** Accuracy and time of one method; one line of JSON. Fractions are in [0, 1]; null where nothing can be said. */
export interface MethodRow {
  /** Of this object. */
  format: 'invseg-bench-method/1';
  /** When it was measured, ISO 8601. */
  date: string;
  /** Its name. */
  method: MethodName;
  /** The model. */
  model: {
    /** Such as `miniature`. */
    name: string;
    /** Of the model, not of the package. */
    version: string;
  };
  /** `cpu` or `cuda:<index>`. */
  device: string;
  /** Name of the device as its driver gives it. */
  deviceName: string;
  /** Precision of the weights: `float32`, `bfloat16` or `float16`. */
  dtype: string;
  /** Kind of the data set; of the command line also `miniature`. */
  dataset: string;
  /** Images in one pass. */
  batch: number;
  /** Images that were evaluated. */
  pictures: number;
  /** Mean over classes of intersection over union. */
  mIoU: number | null;
  /** 95 % interval of the mIoU over resampled images. */
  mIoU95: [number | null, number | null];
  /** Mean over classes of the share of the class's pixels that were found. */
  mAcc: number | null;
  /** Share of all labelled pixels that are right. */
  aAcc: number | null;
  /** An image's share of its pass, without reading it; of those in which a class was named. */
  milliseconds: Quantiles;
  /** Over the images in which a class was named. */
  imagesPerSecond: number;
}

/**
 * Measures accuracy and time of methods on one data set. Before each method one image that does not count: a GPU
 * compiles and captures it.
 *
 * @param given segmenter, data set, methods, and options of all of them
 * @returns one row per method, as soon as it is measured
 * @throws {InvSegError} `INVALID_OPTION`; what `evaluate` throws; `ABORTED`
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 * import { benchMethods } from 'invseg-native/bench';
 * import { openDataset } from 'invseg-native/datasets';
 *
 * await using segmenter = await Segmenter.open();
 * const dataset = await openDataset({ kind: 'voc', root: 'VOCdevkit' });
 * const given = { segmenter, dataset, methods: ['baseline', 'invseg'], sample: 2, options: { steps: 1 } } as const;
 * for await (const { method, mIoU, milliseconds } of benchMethods(given)) console.log(method, mIoU, milliseconds.p50);
 * ```
 */
export async function* benchMethods(given: MethodsBenchOptions): AsyncGenerator<MethodRow, void, undefined> {
  record(given, 'options', 'an object with segmenter, dataset and methods');
  rejectUnknown(given, KEYS);
  const { segmenter, dataset, methods, options = {}, batch = 1, out, signal, onPicture } = given;
  checkSegmenter(segmenter);
  checkDatasetGiven(dataset);
  if (!Array.isArray(methods) || methods.length === 0 || new Set(methods).size < methods.length)
    refuse('methods', 'a list of methods, each once', methods);
  record(options, 'options.options', 'an object of options');
  if ('method' in options) refuse('options.method', 'the methods in methods', options.method);
  // All are refused before one is run.
  for (const [i, method] of methods.entries()) {
    oneOf(...methodNames).read(method, `methods[${i}]`);
    resolveOptions({ ...options, method }, segmenter.info.model.methods);
  }
  if (out !== undefined) pathText.read(out, 'out');
  integer(1, 64).read(batch, 'batch');
  if (given.names !== undefined && typeof given.names?.namesFor !== 'function')
    refuse('names', 'a NameSource', given.names);
  if (onPicture !== undefined && typeof onPicture !== 'function') refuse('onPicture', 'a function', onPicture);
  if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
  const folder = out ?? (await temporaryFolder('invseg-bench-'));
  try {
    // Times go on only with what they were measured with; what an evaluation counts depends on none of it.
    if (out !== undefined) await checkMeasured(out, { batch, ...placeOf(segmenter) });
    for (const method of methods) {
      const own = { ...options, method };
      const warmUp = { ...own, categories: dataset.classes.slice(1, 3).map(({ prompt }) => prompt) };
      await segmenter.segment(drawnPicture(), { ...warmUp, ...(signal && { signal }) });
      const { evaluation, rows } = await evaluateRun({
        segmenter,
        dataset,
        out: path.join(folder, method),
        options: own,
        names: given.names,
        sample: given.sample,
        seed: given.seed,
        batch,
        signal,
        onProgress: ({ done, total }) => onPicture?.(method, done, total),
      });
      const times = rows.map(({ milliseconds }) => milliseconds).filter((time) => time > 0);
      const { model, device, deviceName, dtype } = segmenter.info;
      const { mIoU, mIoU95, mAcc, aAcc } = evaluation;
      yield {
        format: 'invseg-bench-method/1',
        date: new Date().toISOString(),
        method,
        model: { name: model.name, version: model.version },
        device,
        deviceName,
        dtype,
        dataset: dataset.kind,
        batch,
        pictures: evaluation.pictures.evaluated,
        mIoU,
        mIoU95,
        mAcc,
        aAcc,
        milliseconds: times.length > 0 ? quantiles(times) : { p50: 0, p90: 0 },
        imagesPerSecond: times.length > 0 ? (1000 * times.length) / times.reduce((sum, time) => sum + time, 0) : 0,
      };
    }
  } catch (error) {
    // The journal goes with the folder.
    if (out === undefined && error instanceof InvSegError && error.code === 'ABORTED')
      throw new InvSegError('ABORTED', 'The bench was aborted; name a folder (out, --out) to resume one', {
        cause: error.cause,
      });
    throw error;
  } finally {
    if (out === undefined) await rm(folder, { recursive: true, force: true });
  }
}

const KEYS = 'segmenter dataset methods options sample seed batch names out signal onPicture'.split(' ');

/** What times depend on beside the settings of a run. */
function placeOf({ info: { deviceName, threads } }: Segmenter) {
  return { deviceName, cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.availableParallelism(), threads: threads ?? 0 };
}

/** @throws {InvSegError} `INVALID_OPTION` where the times in `folder` are of something else; `OUTPUT_FAILED` */
async function checkMeasured(folder: string, measured: JournalRecord): Promise<void> {
  await openFolder(folder, false);
  await using _ = await Journal.open(path.join(folder, 'bench.jsonl'), { format: 'invseg-bench-run/1', ...measured });
}
