/** The class users hold: a loaded model that segments one image after the other. */
import type { ImageInput } from '../image/decode.js';
import { methods } from '../methods/index.js';
import type { Observer } from '../methods/index.js';
import { isPlainObject, refuse, resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { EngineOptions, ModelMethods } from '../options/index.js';
import { openParts } from './open.js';
import type { ModelFacts, SegmenterParts } from './parts.js';
import { Queue } from './queue.js';
import { run } from './run.js';
import { selectAll } from './selections.js';
import { Stop } from './stop.js';
import type { SegmentOptions, SegmentResult } from './types.js';

export interface ModelInfo {
  name: string;
  version: string;
  /** Folder that it came from. */
  folder: string;
  /** Sides at which it has attention, the finest first. */
  resolutions: number[];
  /** Options of a method that fit it, which stand above the method's defaults; second argument of `resolveOptions`. */
  methods?: ModelMethods;
  /** Names that it was taught; empty where that is not known. Results tell of others, see `SegmentResult.unknownNames`. */
  names?: readonly string[];
}

/** What a segmenter runs on. */
export interface SegmenterInfo {
  model: ModelInfo;
  /** `cpu` or `cuda:<index>`. */
  device: string;
  /** Name of the device as its driver gives it. */
  deviceName: string;
  dtype: string;
}

/**
 * A loaded model.
 *
 *     await using segmenter = await Segmenter.open();
 *     const { segments } = await segmenter.segment('cat.jpg', { categories: ['cat'] });
 *
 * Without `await using`, call `dispose()` in a `finally`.
 */
export class Segmenter implements AsyncDisposable {
  readonly info: SegmenterInfo;
  readonly #parts: SegmenterParts;
  readonly #queue = new Queue();
  readonly #closing = new AbortController();
  #disposed: Promise<void> | undefined;

  private constructor(parts: SegmenterParts) {
    const { engine, model } = parts;
    this.#parts = parts;
    this.info = {
      model: modelInfo(model),
      device: engine.device,
      deviceName: engine.deviceName,
      dtype: engine.dtype,
    };
  }

  /**
   * Loads a model.
   *
   * @param options model (a folder; default the model in the package), device, dtype, threads, checkFinite, trustCode
   * @throws {InvSegError} `INVALID_OPTION`; the codes of a missing set-up (`LIBTORCH_NOT_FOUND`, `ADDON_NOT_BUILT`,
   * `ADDON_LOAD_FAILED`), of a bad model (`MODEL_…`, `MANIFEST_…`, `CODE_UNTRUSTED`, `WEIGHTS_…`,
   * `TOKENIZER_…`) and of the device
   * (`DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`)
   */
  static async open(options: Partial<EngineOptions> = {}): Promise<Segmenter> {
    return new Segmenter(await openParts(resolveEngineOptions(options)));
  }

  /** A segmenter of given parts. @internal */
  static of(parts: SegmenterParts): Segmenter {
    return new Segmenter(parts);
  }

  /**
   * Segments one picture. Calls on one segmenter run one after the other, in the order they came.
   *
   * @param input path, file's bytes, sharp instance, or raw RGB; raw bytes must not change until the call ends
   * @param options `categories` and whatever should differ from the defaults
   * @throws {InvSegError} `INVALID_OPTION`, `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`, `NAME_TOO_LONG`, `IMAGE_…`,
   * `WEIGHTS_CHANGED`, `ABORTED`, `DISPOSED`, `OUT_OF_MEMORY`, `NOT_FINITE` (the network's numbers overflow)
   */
  segment(input: ImageInput, options: SegmentOptions): Promise<SegmentResult> {
    return this.#segment(input, options);
  }

  /** As `segment`, with an observer between the steps of the loop. @internal */
  observe(input: ImageInput, options: SegmentOptions, observe: Observer): Promise<SegmentResult> {
    return this.#segment(input, options, observe);
  }

  async #segment(input: ImageInput, options: SegmentOptions, observe?: Observer): Promise<SegmentResult> {
    const called = performance.now();
    if (!isPlainObject(options)) refuse('options', 'an object with categories', options);
    const { categories, signal, onProgress, ...rest } = options;
    if (signal !== undefined && !isSignal(signal)) refuse('signal', 'an AbortSignal', signal);
    if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', 'a function', onProgress);
    const resolved = resolveOptions(rest, this.#parts.model.methods);
    const stop = new Stop(this.#closing.signal, signal);
    stop.check();
    const { prompts: layout, needsNames } = methods[resolved.method];
    const prompts = this.#parts.buildPrompts(categories, { ...resolved, layout, needsNames });
    const selections = selectAll(this.#parts, resolved);
    const job = { input, options: resolved, prompts, selections, stop, called, onProgress, observe };
    return this.#queue.run(stop, () => run(this.#parts, job));
  }

  /** Ends the running call after its step and all waiting ones at once (`DISPOSED`), then frees the model. */
  dispose(): Promise<void> {
    this.#disposed ??= (async () => {
      this.#closing.abort();
      await this.#queue.idle();
      await this.#parts.engine.dispose();
    })();
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function modelInfo({ name, version, folder, resolutions, methods = {}, names = [] }: ModelFacts): ModelInfo {
  return { name, version, folder, resolutions: [...resolutions], methods: structuredClone(methods), names: [...names] };
}

// By its shape: the caller's AbortSignal may come from another realm or a polyfill.
function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
