/** The class users hold: a loaded model that segments one image after the other. */

import { integer, isPlainObject, isSignal, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/index.js';
import type { ModelFacts, Observer, SegmenterParts } from '../methods/index.js';
import { methods, selectAll } from '../methods/index.js';
import type { ModelIdentity } from '../models/index.js';
import type { EngineOptions, ModelMethods } from '../options/index.js';
import { resolveEngineOptions, resolveOptions, resolveOutput } from '../options/index.js';
import { DECODED_AHEAD, Decoding } from './decoding.js';
import { openParts } from './open.js';
import { Queue } from './queue.js';
import type { Run } from './run.js';
import { run, runTogether } from './run.js';
import type { GivenImage } from './source.js';
import { checkImage, isIterable, Source } from './source.js';
import { Stop } from './stop.js';
import type { BatchImage, BatchOutcome, SegmentAllOptions, SegmentOptions, SegmentResult } from './types.js';

/** What a model says of itself. */
export interface ModelInfo {
  /** Such as `miniature`. */
  name: string;
  /** Of the model, not of the package. */
  version: string;
  /** Folder that it came from. */
  folder: string;
  /** Sides at which it has attention, in points, the finest first. */
  resolutions: number[];
  /** Options of a method that fit it, which stand above the method's defaults; second argument of `resolveOptions`. */
  methods?: ModelMethods;
  /** Names that it was taught; empty where that is not known. Results tell of others, see `SegmentResult.unknownNames`. */
  names?: readonly string[];
}

/** What a segmenter runs on. */
export interface SegmenterInfo {
  /** The model itself. */
  model: ModelInfo;
  /** `cpu` or `cuda:<index>`. */
  device: string;
  /** Name of the device as its driver gives it. */
  deviceName: string;
  /** Precision of its weights: `float32`, `bfloat16` or `float16`. */
  dtype: string;
  /** CPU threads that were asked for; missing where LibTorch decides. */
  threads?: number;
}

/**
 * A loaded model. It holds gigabytes until it is disposed of: open it with `await using`, or call `dispose()` in a
 * `finally`.
 *
 * @example
 * ```ts
 * import { Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * const { segments } = await segmenter.segment('cat.jpg', { categories: ['cat', 'potted plant'] });
 * for (const { label, area, score } of segments) console.log(label, area, score);
 * ```
 */
export class Segmenter implements AsyncDisposable {
  /** Model, device and precision. */
  readonly info: SegmenterInfo;
  readonly #parts: SegmenterParts;
  readonly #queue = new Queue();
  readonly #closing = new AbortController();
  #identity: Promise<ModelIdentity> | undefined;
  #disposed: Promise<void> | undefined;

  private constructor(parts: SegmenterParts) {
    const { engine, model } = parts;
    this.#parts = parts;
    this.info = {
      model: modelInfo(model),
      device: engine.device,
      deviceName: engine.deviceName,
      dtype: engine.dtype,
      ...(parts.threads !== undefined && { threads: parts.threads }),
    };
  }

  /**
   * Loads a model.
   *
   * @param options model (a folder; default the model in the package), device, dtype, threads, checkFinite, trustCode,
   * copyWeights
   * @returns a segmenter that its caller disposes of
   * @throws {InvSegError} `INVALID_OPTION`; the codes of a missing set-up (`LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
   * `ADDON_LOAD_FAILED`), of a bad model (`MODEL_…`, `MANIFEST_…`, `CODE_UNTRUSTED`, `WEIGHTS_…`, `TOKENIZER_…`) and
   * of the device (`DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`)
   * @example
   * ```ts
   * import { Segmenter } from 'invseg-native';
   *
   * await using segmenter = await Segmenter.open({ device: 'cpu', threads: 2 });
   * console.log(segmenter.info.model.name, segmenter.info.device);
   * ```
   */
  static async open(options: Partial<EngineOptions> = {}): Promise<Segmenter> {
    return new Segmenter(await openParts(resolveEngineOptions(options)));
  }

  /** A segmenter of given parts. @internal */
  static of(parts: SegmenterParts): Segmenter {
    return new Segmenter(parts);
  }

  /**
   * Segments one image. Calls on one segmenter run one after the other, in the order they came.
   *
   * @param input path, bytes of a file, sharp instance, or raw RGB; raw bytes must not change until the call ends
   * @param options `categories` and whatever should differ from the defaults
   * @returns labels [height × width], and area and score of each category
   * @throws {InvSegError} `INVALID_OPTION`, `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`, `NAME_TOO_LONG`, `IMAGE_…`,
   * `WEIGHTS_CHANGED`, `ABORTED`, `DISPOSED`, `OUT_OF_MEMORY`, `NOT_FINITE` (the network's numbers overflow)
   * @example
   * ```ts
   * import { maskOf, Segmenter } from 'invseg-native';
   *
   * await using segmenter = await Segmenter.open();
   * const result = await segmenter.segment('cat.jpg', {
   *   categories: ['cat'],
   *   steps: 5,
   *   signal: AbortSignal.timeout(60_000),
   *   onProgress: ({ stage, step, steps }) => console.log(stage, step, steps),
   * });
   * console.log(result.status, maskOf(result, 0).length);
   * ```
   */
  segment(input: ImageInput, options: SegmentOptions): Promise<SegmentResult> {
    return this.#segment(input, options);
  }

  /** As `segment`, with an observer between the steps of the loop. @internal */
  observe(input: ImageInput, options: SegmentOptions, observe: Observer): Promise<SegmentResult> {
    return this.#segment(input, options, observe);
  }

  /**
   * Segments many images, several in one pass, which a GPU does faster than one after the other. Each has names of its
   * own; masks are those of `segment` but for rounding. A pass waits its turn among the other calls. The durations of
   * steps in `timings` and `losses` are those of the whole pass.
   *
   * @param images read as they are needed: those of a pass before it, and at most two of the next one, which are decoded
   * while it runs. Bytes are copied as they are read, so a buffer may be filled again for the next image.
   * @param options those of `segment` but `categories` and `onProgress`, and `batch`, the images of one pass (1–64)
   * @returns outcomes in the order of the images; an image that fails has its error and the others go on
   * @throws {InvSegError} `INVALID_OPTION` for the options; `ABORTED`, `DISPOSED`; and what `images` throws, after the
   * outcomes of what it gave before
   * @example
   * ```ts
   * import { Segmenter } from 'invseg-native';
   *
   * await using segmenter = await Segmenter.open();
   * const images = [
   *   { input: 'cat.jpg', categories: ['cat'] },
   *   { input: 'street.jpg', categories: ['bus', 'person'] },
   * ];
   * for await (const { index, result, error } of segmenter.segmentAll(images, { batch: 8, steps: 5 })) {
   *   console.log(index, error?.message ?? result?.segments);
   * }
   * ```
   */
  async *segmentAll(
    images: Iterable<BatchImage> | AsyncIterable<BatchImage>,
    options: SegmentAllOptions = {},
  ): AsyncGenerator<BatchOutcome, void, undefined> {
    const { batch, signal, own } = this.readAllOptions(images, options);
    const stop = new Stop(this.#closing.signal, signal);
    stop.check();
    const source = new Source(images, stop);
    try {
      for (let index = 0; !source.ended; ) {
        const waiting = await source.take(batch);
        source.readAhead(DECODED_AHEAD);
        yield* await this.pass(waiting, { ...own, ...(signal && { signal }) }, stop, index);
        index += waiting.length;
        source.check();
      }
    } finally {
      await source.leave();
    }
  }

  /** What is wrong with the options is no image's fault. They are a copy: the caller may change its own meanwhile. @internal */
  readAllOptions(images: unknown, options: SegmentAllOptions) {
    if (!isPlainObject(options)) refuse('options', 'an object', options);
    for (const name of ['categories', 'onProgress']) {
      if (name in options)
        refuse(
          `options.${name}`,
          name === 'categories' ? 'names with each image' : 'no such option of segmentAll',
          options[name],
        );
    }
    const { batch = 4, signal, ...own } = options as SegmentAllOptions;
    if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
    if (!isIterable(images)) refuse('images', 'an iterable of { input, categories }', images);
    const { saveMaps, saveStrengths, compareLoss, ...method } = own;
    resolveOptions(method, this.#parts.model.methods);
    resolveOutput({ saveMaps, saveStrengths, compareLoss });
    return { batch: integer(1, 64).read(batch, 'batch'), signal, own: structuredClone(own) };
  }

  /** Images of `segmentAll` in one pass, the first of them with the index `first`. @throws {InvSegError} what `stop` throws @internal */
  async pass(
    images: readonly GivenImage[],
    options: Omit<SegmentOptions, 'categories'>,
    stop: Stop,
    first: number,
  ): Promise<BatchOutcome[]> {
    const outcomes: BatchOutcome[] = [];
    const jobs: { index: number; job: Run }[] = [];
    for (const [i, { image, picture }] of images.entries()) {
      const index = first + i;
      stop.check(); // an end of the call is no image's error
      try {
        checkImage(image, index);
        jobs.push({ index, job: this.#job(picture, { ...options, categories: image.categories }) });
      } catch (error) {
        outcomes.push({ index, error: error as Error });
      }
    }
    if (jobs.length > 0) {
      const settled = await this.#queue.run(stop, () =>
        runTogether(
          this.#parts,
          jobs.map(({ job }) => job),
        ),
      );
      stop.check();
      for (const [i, { index }] of jobs.entries()) {
        const one = settled[i]!;
        outcomes.push(
          one.status === 'fulfilled' ? { index, result: one.value } : { index, error: one.reason as Error },
        );
      }
    }
    return outcomes.sort((a, b) => a.index - b.index);
  }

  async #segment(input: ImageInput, options: SegmentOptions, observe?: Observer): Promise<SegmentResult> {
    const job = this.#job(new Decoding(input), options, observe);
    return this.#queue.run(job.stop, () => run(this.#parts, job));
  }

  /** Everything that can be wrong with a call is found here, before it waits. */
  #job(picture: Decoding, options: SegmentOptions, observe?: Observer): Run {
    const called = performance.now();
    if (!isPlainObject(options)) refuse('options', 'an object with categories', options);
    const { categories, signal, onProgress, saveMaps, saveStrengths, compareLoss, ...rest } = options;
    if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
    if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', 'a function', onProgress);
    const resolved = resolveOptions(rest, this.#parts.model.methods);
    const output = resolveOutput({ saveMaps, saveStrengths, compareLoss });
    const stop = new Stop(this.#closing.signal, signal);
    stop.check();
    const { prompts: layout, needsNames } = methods[resolved.method];
    const prompts = this.#parts.buildPrompts(categories, {
      ...resolved.prompt,
      background: resolved.background,
      layout,
      needsNames,
    });
    const selections = selectAll(this.#parts, resolved);
    return { picture, options: resolved, output, prompts, selections, stop, called, onProgress, observe };
  }

  /**
   * SHA-256 of the model's weights, manifest, code and tokenizer; reads every file once, the first time.
   *
   * @returns what `modelIdentity` gives for the same folder
   * @throws {InvSegError} `WEIGHTS_INVALID` where a file cannot be read any more
   * @example
   * ```ts
   * import { Segmenter } from 'invseg-native';
   *
   * await using segmenter = await Segmenter.open();
   * console.log((await segmenter.identity()).weights);
   * ```
   */
  identity(): Promise<ModelIdentity> {
    const { identity } = this.#parts;
    if (!identity) throw new InvSegError('INTERNAL', 'The parts of this segmenter have no identity');
    return (this.#identity ??= identity());
  }

  /**
   * Ends the running call after its step and all waiting ones at once (`DISPOSED`), then frees the model.
   *
   * @returns when the memory is free; a second call waits for the same
   * @example
   * ```ts
   * import { Segmenter } from 'invseg-native';
   *
   * const segmenter = await Segmenter.open();
   * try {
   *   await segmenter.segment('cat.jpg', { categories: ['cat'] });
   * } finally {
   *   await segmenter.dispose();
   * }
   * ```
   */
  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      this.#closing.abort();
      await this.#queue.idle();
      await this.#parts.engine.dispose();
    })();
    return this.#disposed;
  }

  /** The same as `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function modelInfo({ name, version, folder, resolutions, methods = {}, names = [] }: ModelFacts): ModelInfo {
  return { name, version, folder, resolutions: [...resolutions], methods: structuredClone(methods), names: [...names] };
}
