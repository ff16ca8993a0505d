/** The class users hold: a loaded model that segments one image after the other. */
import type { ImageInput } from '../image/decode.js';
import { methods } from '../methods/index.js';
import type { Observer } from '../methods/index.js';
import { isPlainObject, refuse, resolveEngineOptions, resolveOptions } from '../options/index.js';
import type { EngineOptions } from '../options/index.js';
import { openParts } from './open.js';
import type { SegmenterParts } from './parts.js';
import { Queue } from './queue.js';
import { run } from './run.js';
import { selectAll } from './selections.js';
import { Stop } from './stop.js';
import type { SegmentOptions, SegmentResult } from './types.js';

/** What a segmenter runs on. */
export interface SegmenterInfo {
  /** Name and version of the model, the folder it came from, and the sides at which it has attention, the finest first. */
  model: { name: string; version: string; folder: string; resolutions: number[] };
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
      model: { name: model.name, version: model.version, folder: model.folder, resolutions: [...model.resolutions] },
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
   * `WEIGHTS_CHANGED`, `ABORTED`, `DISPOSED`, `OUT_OF_MEMORY`
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
    const resolved = resolveOptions(rest);
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

// By its shape: the caller's AbortSignal may come from another realm or a polyfill.
function isSignal(value: unknown): value is AbortSignal {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === 'boolean' && typeof addEventListener === 'function';
}
