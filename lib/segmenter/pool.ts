/** One segmenter a device, used as one. */

import { availableParallelism } from 'node:os';
import { record, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/index.js';
import type { ModelIdentity } from '../models/index.js';
import { loadBinding } from '../native/index.js';
import type { EngineOptions } from '../options/index.js';
import { resolveEngineOptions } from '../options/index.js';
import { DECODED_AHEAD } from './decoding.js';
import { onAbort } from './on-abort.js';
import type { SegmenterInfo } from './segmenter.js';
import { Segmenter } from './segmenter.js';
import type { GivenImage } from './source.js';
import { Source } from './source.js';
import { Stop } from './stop.js';
import type { BatchImage, BatchOutcome, SegmentAllOptions, SegmentOptions, SegmentResult } from './types.js';

/** What `SegmenterPool.open` takes: options of the engine, and devices in the place of one. */
export interface SegmenterPoolOptions extends Omit<Partial<EngineOptions>, 'device'> {
  /**
   * One segmenter each: `['cuda:0', 'cuda:1']`, or `cuda:*` for every CUDA device. Of one kind, since CPU and CUDA round differently. A
   * device may stand there twice, also `cpu`; engines on the CPU share its cores unless `threads` says how many each gets.
   */
  devices: readonly string[] | 'cuda:*';
}

interface Member {
  segmenter: Segmenter;
  /** Calls and passes without a result. */
  busy: number;
}

/** Passes in work or waiting for each device, so that none waits for who reads the outcomes. */
const PASSES_EACH = 2;

/**
 * A model on several devices of this process. Each image goes to the segmenter with the fewest calls; masks are the
 * same on each. Every device holds the whole model.
 *
 * @example
 * ```ts
 * import { SegmenterPool } from 'invseg-native';
 *
 * await using pool = await SegmenterPool.open({ devices: ['cpu', 'cpu'] }); // or 'cuda:*'
 * const files = ['cat.jpg', 'street.jpg'];
 * const results = await Promise.all(files.map((file) => pool.segment(file, { categories: ['cat', 'bus'], steps: 5 })));
 * console.log(results.map(({ segments }) => segments));
 * ```
 */
export class SegmenterPool implements AsyncDisposable {
  /** Of the first device; the others have the same model and type. */
  readonly info: SegmenterInfo;
  /** As the engines name them: `cuda:0`, `cuda:1`, … */
  readonly devices: readonly string[];
  readonly #members: readonly Member[];
  readonly #closing = new AbortController();
  #disposed: Promise<void> | undefined;

  private constructor(segmenters: readonly Segmenter[]) {
    this.#members = segmenters.map((segmenter) => ({ segmenter, busy: 0 }));
    this.info = segmenters[0]!.info;
    this.devices = segmenters.map(({ info }) => info.device);
  }

  /**
   * Loads the model on every device.
   *
   * @param options devices, and those of `Segmenter.open` but `device`
   * @returns a pool that its caller disposes of
   * @throws {InvSegError} `INVALID_OPTION`; `DEVICE_UNAVAILABLE`, also for `cuda:*` where there is no CUDA device; the
   * codes of `Segmenter.open`. What was opened on other devices is closed again.
   * @example
   * ```ts
   * import { SegmenterPool } from 'invseg-native';
   *
   * await using pool = await SegmenterPool.open({ devices: ['cpu'], threads: 2 });
   * console.log(pool.devices);
   * ```
   */
  static async open(options: SegmenterPoolOptions): Promise<SegmenterPool> {
    const { devices, ...rest } = record(
      options,
      'options',
      'an object with devices',
    ) as unknown as SegmenterPoolOptions;
    if ('device' in rest) refuse('options.device', 'devices, the list of all, in its place', rest.device);
    const engine = resolveEngineOptions(rest);
    const names = devices === 'cuda:*' ? allCudaDevices() : readDevices(devices);
    const shared = names[0] === 'cpu' && names.length > 1 && engine.threads === 0;
    const threads = shared ? Math.max(1, Math.floor(availableParallelism() / names.length)) : engine.threads;
    const opened = await Promise.allSettled(names.map((device) => Segmenter.open({ ...engine, device, threads })));
    const segmenters = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = opened.find((one) => one.status === 'rejected');
    if (!failed) return new SegmenterPool(segmenters);
    await Promise.all(segmenters.map((segmenter) => segmenter.dispose()));
    throw failed.reason;
  }

  /**
   * Reads what the model is made of, once.
   *
   * @returns SHA-256 of weights, manifest, code and tokenizer
   * @throws {InvSegError} as `Segmenter.identity`
   * @example
   * ```ts
   * import { SegmenterPool } from 'invseg-native';
   *
   * await using pool = await SegmenterPool.open({ devices: ['cpu'] });
   * console.log((await pool.identity()).weights);
   * ```
   */
  identity(): Promise<ModelIdentity> {
    return this.#members[0]!.segmenter.identity();
  }

  /** A pool of given segmenters. @internal */
  static of(segmenters: readonly Segmenter[]): SegmenterPool {
    return new SegmenterPool(segmenters);
  }

  /**
   * Segments one image on the device with the fewest calls.
   *
   * @param input path, bytes of a file, sharp instance, or raw RGB; raw bytes must not change until the call ends
   * @param options as `Segmenter.segment`
   * @returns as `Segmenter.segment`
   * @throws {InvSegError} as `Segmenter.segment`
   * @example
   * ```ts
   * import { SegmenterPool } from 'invseg-native';
   *
   * await using pool = await SegmenterPool.open({ devices: ['cpu'] });
   * const { segments } = await pool.segment('cat.jpg', { categories: ['cat'], steps: 5 });
   * console.log(segments);
   * ```
   */
  segment(input: ImageInput, options: SegmentOptions): Promise<SegmentResult> {
    return this.#give((segmenter) => segmenter.segment(input, options));
  }

  /**
   * Segments many images on all devices: each pass goes to the one with the fewest.
   *
   * @param images read as they are needed: those of at most two passes per device, and two more
   * @param options as `Segmenter.segmentAll`
   * @returns outcomes in the order of the images
   * @throws {InvSegError} as `Segmenter.segmentAll`
   * @example
   * ```ts
   * import { SegmenterPool } from 'invseg-native';
   *
   * await using pool = await SegmenterPool.open({ devices: ['cpu', 'cpu'] });
   * const images = ['cat.jpg', 'street.jpg'].map((input) => ({ input, categories: ['cat', 'bus'] }));
   * for await (const { index, result, error } of pool.segmentAll(images, { batch: 1, steps: 5 })) {
   *   console.log(index, error?.message ?? result?.segments);
   * }
   * ```
   */
  async *segmentAll(
    images: Iterable<BatchImage> | AsyncIterable<BatchImage>,
    options: SegmentAllOptions = {},
  ): AsyncGenerator<BatchOutcome, void, undefined> {
    const { batch, signal, own } = this.#members[0]!.segmenter.readAllOptions(images, options);
    new Stop(this.#closing.signal, signal).check();
    // Ends the passes also where the caller leaves without a word.
    const end = new AbortController();
    const leave = signal ? onAbort(signal, () => end.abort(signal.reason)) : () => {};
    const stop = new Stop(this.#closing.signal, end.signal);
    const source = new Source(images, stop);
    const running: Promise<BatchOutcome[]>[] = [];
    let [index, taking] = [0, undefined as Promise<void> | undefined];
    const take = async (): Promise<void> => {
      const waiting = await source.take(batch);
      taking = undefined;
      if (waiting.length === 0) return;
      running.push(held(this.#pass(waiting, { ...own, signal: end.signal }, stop, index)));
      index += waiting.length;
    };
    try {
      for (;;) {
        if (!taking && !source.ended && running.length < PASSES_EACH * this.#members.length) taking = held(take());
        const [first] = running;
        // A source may give no more before it sees an outcome.
        if (first && (await Promise.race([first.then(() => true), ...(taking ? [taking] : [])])) === true)
          yield* await running.shift()!;
        else if (!first && !taking) break;
        else if (!first) await taking;
      }
      source.check();
    } finally {
      end.abort();
      await Promise.allSettled(running);
      leave();
      await source.leave();
    }
  }

  #pass(
    images: readonly GivenImage[],
    options: Omit<SegmentOptions, 'categories'>,
    stop: Stop,
    first: number,
  ): Promise<BatchOutcome[]> {
    for (const { picture } of images.slice(0, DECODED_AHEAD)) picture.begin();
    return this.#give((segmenter) => segmenter.pass(images, options, stop, first));
  }

  async #give<T>(work: (segmenter: Segmenter) => Promise<T>): Promise<T> {
    const member = this.#members.reduce((least, one) => (one.busy < least.busy ? one : least));
    member.busy++;
    try {
      return await work(member.segmenter);
    } finally {
      member.busy--;
    }
  }

  /**
   * Ends running calls after their step and waiting ones at once (`DISPOSED`), then frees the model on every device.
   *
   * @returns when the memory is free; a second call waits for the same
   * @example
   * ```ts
   * import { SegmenterPool } from 'invseg-native';
   *
   * const pool = await SegmenterPool.open({ devices: ['cpu'] });
   * try {
   *   await pool.segment('cat.jpg', { categories: ['cat'], steps: 5 });
   * } finally {
   *   await pool.dispose();
   * }
   * ```
   */
  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      this.#closing.abort();
      await Promise.all(this.#members.map(({ segmenter }) => segmenter.dispose()));
    })();
    return this.#disposed;
  }

  /** The same as `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Rejections are heard where it is awaited, which may be later or never. */
function held<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {});
  return work;
}

function allCudaDevices(): string[] {
  const count = loadBinding().binding.info().cudaDevices;
  if (count > 0) return Array.from({ length: count }, (_, i) => `cuda:${i}`);
  throw new InvSegError('DEVICE_UNAVAILABLE', 'Expected at least one CUDA device for cuda:* but there is none');
}

/** @throws {InvSegError} `INVALID_OPTION` */
function readDevices(devices: unknown): string[] {
  const wanted = "cuda:* or a list of 'cpu' or 'cuda:<index>'";
  if (!Array.isArray(devices) || devices.length === 0 || devices.length > 64) refuse('devices', wanted, devices);
  for (const one of devices)
    if (typeof one !== 'string' || !/^(cpu|cuda:\d{1,3})$/.test(one)) refuse('devices', wanted, one);
  const names = [...(devices as string[])];
  if (new Set(names.map((name) => name.split(':')[0])).size > 1)
    refuse('devices', 'devices of one kind, since CPU and CUDA round differently,', names);
  return names;
}
