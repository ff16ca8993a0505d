/** Where the images of a run are segmented: in this process, in one process per device, or by the workers of a queue. */
import { fileURLToPath } from 'node:url';
import { integer, record, refuse, rejectUnknown } from '../checks/index.js';
import type { Dataset } from '../datasets/index.js';
import { openDataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { ModelIdentity } from '../models/index.js';
import { openBundle } from '../models/index.js';
import type { EngineOptions, MethodOverrides } from '../options/index.js';
import { resolveEngineOptions, resolveOptions } from '../options/index.js';
import { Segmenter } from '../segmenter/index.js';
import { askedDevice, parseDevices, threadsFor } from './devices.js';
import { InProcess } from './in-process.js';
import type { Place } from './picture.js';
import type { EngineFacts, Outcome, PicturePool, PoolRun } from './pool.js';
import { ProcessPool } from './processes/pool.js';
import { RedisLink } from './redis/link.js';
import { QueuePool } from './redis/pool.js';
import { RedisUrl } from './redis/url.js';
import type { TaskOptions } from './task.js';
import { openRunNames } from './task.js';

/** What `openPool` takes. */
export interface PoolOptions extends TaskOptions {
  /** The data set, where it is open already; else it is opened from `dataset`. */
  opened?: Dataset | undefined;
  /** `['cuda:0', 'cuda:1']`: a process for each; left out or empty: one engine in this process. */
  devices?: readonly string[] | undefined;
  /** Workers of a queue (`invseg worker`) instead. */
  queue?: PoolQueue | undefined;
  /** CUDA devices of this host, for what `device: 'auto'` asks of the workers of a queue; default 0. */
  cudaDevices?: number | undefined;
  /** What happens to processes and workers: one line each. */
  onNote?: ((text: string) => void) | undefined;
  /** Ends the start of processes with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Opens the engine of this process; default `Segmenter.open`. */
  openSegmenter?: ((options: EngineOptions) => Promise<Segmenter>) | undefined;
}

/** A queue of a Redis server. */
export interface PoolQueue {
  /** `redis://[user:password@]host[:port][/db]`, `rediss://` or `unix://`. */
  url: string;
  /** Name of the run in Redis; default from the run, so that two do not mix. */
  name?: string | undefined;
  /** Folder of the run; part of its name. */
  out: string;
  /** Throws away what an earlier evaluator left there. */
  restart?: boolean | undefined;
}

/** What a pool's engines were opened for. */
export interface OpenedFor {
  dataset: Dataset;
  engine: EngineOptions;
  options: MethodOverrides | undefined;
}

/** A pool and what it was made of; disposing of it ends engines, processes and connections. */
export class OwnedPool implements PicturePool, AsyncDisposable {
  readonly #pool: PicturePool;
  readonly #owned: readonly AsyncDisposable[];
  readonly #opened: OpenedFor | undefined;
  #identity: Promise<ModelIdentity> | undefined;

  /**
   * `openPool` makes pools; this is for a caller that brings its own.
   *
   * @param pool that does the work
   * @param owned what disposing of it ends, in the reverse order
   * @param opened what the engines were opened for
   */
  constructor(pool: PicturePool, owned: readonly AsyncDisposable[], opened?: OpenedFor) {
    this.#pool = pool;
    this.#owned = owned;
    this.#opened = opened;
  }

  /** What of the engines decides the counts. */
  get info(): EngineFacts {
    return this.#pool.info;
  }

  /** The source of names, in one line. */
  get names(): string {
    return this.#pool.names;
  }

  /** Images in one pass that its engines were opened for; default 1. */
  get batch(): number | undefined {
    return this.#pool.batch;
  }

  /** Options of the method that it was opened with; `evaluate` takes them where its caller gives none. */
  get options(): MethodOverrides | undefined {
    return this.#opened?.options;
  }

  /**
   * Reads what the engines' model is made of; its files are read once.
   *
   * @returns SHA-256 of weights, manifest, code and tokenizer
   * @throws {InvSegError} `WEIGHTS_INVALID`; `INVALID_OPTION` for a pool that was opened without a model
   * @example
   * ```ts
   * import { openPool } from 'invseg-native/evaluation';
   *
   * await using pool = await openPool({ dataset: { kind: 'voc', root: 'VOCdevkit' } });
   * console.log((await pool.identity()).weights);
   * ```
   */
  async identity(): Promise<ModelIdentity> {
    if (!this.#opened) throw new InvSegError('INVALID_OPTION', 'Expected a pool of openPool, which knows its model');
    const { model } = this.#opened.engine;
    this.#identity ??= openBundle(model, this.#opened.engine).then((bundle) => bundle.identity());
    return this.#identity;
  }

  /**
   * Segments and counts images. `evaluate` calls it; so may a caller that keeps a journal of its own.
   *
   * @param places images and their places in the list
   * @param run settings, read-ahead and signal
   * @returns one outcome per image, in any order
   * @throws {InvSegError} where no image can be worked on any more, or the run was aborted (`ABORTED`)
   * @example
   * ```ts
   * import { openDataset } from 'invseg-native/datasets';
   * import { openPool, readRun } from 'invseg-native/evaluation';
   *
   * const source = { kind: 'voc', root: 'VOCdevkit' } as const;
   * const dataset = await openDataset(source);
   * await using pool = await openPool({ dataset: source, opened: dataset });
   * const { settings } = (await readRun('runs/a')).evaluation;
   * const places = [{ id: dataset.ids[0]!, place: 0 }];
   * for await (const outcome of pool.work(places, { settings, prefetch: 1, signal: undefined })) {
   *   console.log(outcome.id, 'record' in outcome ? outcome.record.counts : outcome.error);
   * }
   * ```
   */
  work(places: readonly Place[], run: PoolRun): AsyncIterable<Outcome> {
    const protocol = this.#opened?.dataset.protocol;
    if (protocol !== undefined && protocol !== run.settings.protocol) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected the data set that the pool was opened for (${protocol}) but received one with ${run.settings.protocol}`,
      );
    }
    return this.#pool.work(places, run);
  }

  /** Ends engines, processes and connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of this.#owned.toReversed()) await part[Symbol.asyncDispose]();
  }
}

/**
 * Opens engines for `evaluate({ pool })`: one in this process, one process per device, or the workers of a queue.
 *
 * @param options data set, names, options of the method, and where to run: `devices: ['cuda:0', 'cuda:1']` starts a
 * process for each, `queue` asks workers on other hosts
 * @returns a pool that its caller disposes of
 * @throws {InvSegError} `INVALID_OPTION`; the codes of data set, names and engine; `WORKER_LOST`; `QUEUE_FAILED`;
 * `ABORTED`
 * @example
 * ```ts
 * import { openDataset } from 'invseg-native/datasets';
 * import { evaluate, openPool } from 'invseg-native/evaluation';
 *
 * const source = { kind: 'voc', root: 'VOCdevkit' } as const;
 * const dataset = await openDataset(source);
 * await using pool = await openPool({ dataset: source, opened: dataset, engine: { device: 'cpu' } });
 * const { mIoU } = await evaluate({ pool, dataset, out: 'runs/pool', sample: 2, options: { steps: 0 } });
 * console.log(mIoU);
 * ```
 */
export async function openPool(options: PoolOptions): Promise<OwnedPool> {
  record(options, 'options', 'an object with dataset');
  rejectUnknown(options, KEYS);
  const { devices, batch, signal } = options;
  if (devices !== undefined && !(Array.isArray(devices) && devices.every((one) => /^[a-z0-9:]+$/.test(String(one)))))
    refuse('devices', 'a list of devices such as cuda:0', devices);
  if (batch !== undefined) integer(1, 64).read(batch, 'batch');
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    refuse('signal', 'an AbortSignal', signal);
  if (signal?.aborted)
    throw new InvSegError('ABORTED', 'Interrupted: the pool was not opened', { cause: signal.reason });
  resolveOptions(options.options);
  if (options.dataset === undefined) refuse('dataset', 'the options of openDataset', options.dataset);
  const dataset = options.opened ?? (await openDataset(options.dataset));
  const engine = resolveEngineOptions(options.engine);
  if (options.queue) return overQueue(options, options.queue, dataset, engine);
  if (devices !== undefined && devices.length > 0)
    return inProcesses(options, parseDevices(devices.join(',')), dataset, engine);
  return inThisProcess(options, dataset, engine);
}

const KEYS = [
  ...['dataset', 'engine', 'names', 'options', 'batch', 'opened', 'devices', 'queue', 'cudaDevices', 'onNote'],
  ...['signal', 'openSegmenter'],
];

async function inThisProcess(options: PoolOptions, dataset: Dataset, engine: EngineOptions): Promise<OwnedPool> {
  const batch = integer(1, 64).read(options.batch ?? 1, 'batch');
  const names = await openRunNames(options, dataset);
  try {
    const open = options.openSegmenter ?? ((given) => Segmenter.open(given));
    const segmenter = await open(engine);
    return new OwnedPool(new InProcess(segmenter, dataset, names.source, batch), [names, segmenter], {
      dataset,
      engine,
      options: options.options,
    });
  } catch (error) {
    await names[Symbol.asyncDispose]();
    throw error;
  }
}

async function inProcesses(
  { dataset: given, names, options, batch, onNote, signal }: PoolOptions,
  devices: readonly string[],
  dataset: Dataset,
  engine: EngineOptions,
): Promise<OwnedPool> {
  const setup: TaskOptions = {
    dataset: given,
    names,
    options,
    batch,
    engine: { ...engine, threads: threadsFor(engine.threads, devices) },
  };
  onNote?.(`a process each: ${devices.join(', ')}`);
  // The compiled module, also where this one runs from its source.
  const entry = fileURLToPath(new URL('./processes/main.js', import.meta.url));
  const pool = await ProcessPool.open({ devices, entry, setup, dataset, batch, onNote, signal });
  return new OwnedPool(pool, [pool], { dataset, engine, options });
}

/** No engine is opened here: the options say what the workers have to have. */
async function overQueue(
  options: PoolOptions,
  queue: PoolQueue,
  dataset: Dataset,
  engine: EngineOptions,
): Promise<OwnedPool> {
  const onNote = options.onNote ?? (() => {});
  const link = await RedisLink.open({ url: new RedisUrl(queue.url), onNote });
  try {
    const { manifest } = await openBundle(engine.model, engine);
    const info = {
      model: { name: manifest.name, version: manifest.version, methods: manifest.defaults.methods },
      ...askedDevice(engine, integer(0, 1024).read(options.cudaDevices ?? 0, 'cudaDevices')),
    };
    // Its models are opened for their description alone, on the CPU: this host need not have a GPU.
    const names = await openRunNames({ ...options, engine: { ...engine, device: 'cpu', dtype: 'float32' } }, dataset);
    const { description } = names.source;
    await names[Symbol.asyncDispose]();
    const { name: queueName, out, restart } = queue;
    const pool = new QueuePool({ link, info, names: description, dataset, out, queueName, restart, onNote });
    return new OwnedPool(pool, [link], { dataset, engine, options: options.options });
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}
