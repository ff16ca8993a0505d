/** Accuracy and time of methods on one data set, a row a method. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { oneOf, pathText, record, refuse } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import { checkDatasetGiven } from '../datasets/index.js';
import { evaluateRun } from '../evaluation/index.js';
import type { NameSource } from '../names/index.js';
import type { MethodName, MethodOverrides } from '../options/index.js';
import { methodNames, resolveOptions } from '../options/index.js';
import type { Segmenter } from '../segmenter/index.js';
import { checkSegmenter } from '../segmenter/index.js';
import { quantiles } from './bench.js';
import { drawnPicture } from './drawn-picture.js';
import type { Quantiles } from './types.js';

export interface MethodsBenchOptions {
  segmenter: Segmenter;
  dataset: Dataset;
  /** Each gets a row, in this order. */
  methods: readonly MethodName[];
  /** Options of all of them. */
  options?: MethodOverrides | undefined;
  /** Pictures drawn from the data set; default all. */
  sample?: number | undefined;
  /** Of the draw. Default 0. */
  seed?: number | undefined;
  /** Pictures in one pass of the engine, 1–64; default 1. */
  batch?: number | undefined;
  /** Who names the classes of each picture; default the classes in its mask. */
  names?: NameSource | undefined;
  /** Gets a run of `evaluate` a method, which goes on where it ended. Default: a temporary folder. */
  out?: string | undefined;
  signal?: AbortSignal | undefined;
  /** After each picture of each method. */
  onPicture?: ((method: MethodName, done: number, total: number) => void) | undefined;
}

/** One line of JSON. */
export interface MethodRow {
  format: 'invseg-bench-method/1';
  /** ISO 8601. */
  date: string;
  method: MethodName;
  model: { name: string; version: string };
  device: string;
  deviceName: string;
  dtype: string;
  dataset: string;
  batch: number;
  /** That were evaluated. */
  pictures: number;
  /** Fractions in [0, 1]; null where nothing can be said. */
  mIoU: number | null;
  mIoU95: [number | null, number | null];
  mAcc: number | null;
  aAcc: number | null;
  /** A picture's share of its pass, without reading it; of those in which a class was named. */
  milliseconds: Quantiles;
  imagesPerSecond: number;
}

/**
 * Before each method one picture that does not count: a GPU compiles and captures it.
 *
 *     for await (const row of benchMethods({ segmenter, dataset, methods: ['baseline', 'invseg'] })) console.log(JSON.stringify(row));
 *
 * @throws {InvSegError} `INVALID_OPTION`; what `evaluate` throws; `ABORTED`
 */
export async function* benchMethods(given: MethodsBenchOptions): AsyncGenerator<MethodRow, void, undefined> {
  record(given, 'options', 'an object with segmenter, dataset and methods');
  const { segmenter, dataset, methods, options = {}, batch = 1, out, signal, onPicture } = given;
  checkSegmenter(segmenter);
  checkDatasetGiven(dataset);
  if (!Array.isArray(methods) || methods.length === 0 || new Set(methods).size < methods.length)
    refuse('methods', 'a list of methods, each once', methods);
  if ('method' in options) refuse('options.method', 'the methods in methods', options.method);
  // All are refused before one is run.
  for (const [i, method] of methods.entries()) {
    oneOf(...methodNames).read(method, `methods[${i}]`);
    resolveOptions({ ...options, method }, segmenter.info.model.methods);
  }
  if (out !== undefined) pathText.read(out, 'out');
  const folder = out ?? (await mkdtemp(path.join(tmpdir(), 'invseg-bench-')));
  try {
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
  } finally {
    if (out === undefined) await rm(folder, { recursive: true, force: true });
  }
}
