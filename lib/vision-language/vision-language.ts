/** Models of pictures and texts: what a picture shows, as captions and as closeness to words. */

import { record, rejectUnknown, show } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { decodeImage, type ImageInput } from '../image/index.js';
import { hashNamed, WeightWatch } from '../models/index.js';
import type { NativeVisionLanguage } from '../native/index.js';
import { checkDevice, loadBinding, notNumbers } from '../native/index.js';
import { type EngineOptions, resolveEngineOptions } from '../options/index.js';
import type { ClipTokenizer } from '../text/index.js';
import type { OpenedModel } from './model.js';
import { type OpenedBlip, type OpenedClip, openBlip, openClip } from './parts.js';
import { rows, tokenizeTexts } from './texts.js';
import type { WordPiece } from './wordpiece.js';

const KEYS = ['clip', 'blip', 'device', 'dtype', 'threads', 'checkFinite', 'trustCode', 'copyWeights'];

/** What `VisionLanguage.open` takes: at least one folder, and where the models run. */
export interface VisionLanguageOptions extends Partial<Omit<EngineOptions, 'model'>> {
  /** Folder of CLIP ViT-L/14 in transformers layout, or of a bundle; left out: no embeddings, no word states. */
  clip?: string | undefined;
  /** Folder of BLIP-large (image captioning) in transformers layout, or of a bundle; left out: no captions. */
  blip?: string | undefined;
}

/** How captions are searched for. */
export interface CaptionOptions {
  /** Beams, 1–64; default 3. */
  beams?: number | undefined;
  /** Tokens of a caption with its start token and prefix, 2–512; default 30. */
  maxLength?: number | undefined;
}

/** Which models were loaded, and where they run. */
export interface VisionLanguageInfo {
  /** Undefined where none was named. */
  clip:
    | {
        /** As its manifest has it. */
        name: string;
        /** Where it came from. */
        folder: string;
      }
    | undefined;
  /** Undefined where none was named. */
  blip:
    | {
        /** As its manifest has it. */
        name: string;
        /** Where it came from. */
        folder: string;
      }
    | undefined;
  /** `cpu` or `cuda:<index>`. */
  device: string;
  /** Name of the device as its driver gives it. */
  deviceName: string;
  /** Precision of the weights: `float32`, `bfloat16` or `float16`. */
  dtype: string;
}

/**
 * CLIP and BLIP, loaded: captions of images, and images, texts and words as vectors. Open it with `await using`, or
 * call `dispose()` in a `finally`.
 *
 * @example
 * ```ts
 * import { VisionLanguage } from 'invseg-native';
 *
 * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14', blip: 'models/blip-large' });
 * const [free] = await models.captions('cat.jpg');
 * console.log(free);
 * ```
 */
export class VisionLanguage implements AsyncDisposable {
  /** Models, device and precision. */
  readonly info: VisionLanguageInfo;
  readonly #engine: NativeVisionLanguage;
  readonly #clip: ClipTokenizer | undefined;
  readonly #blip: { tokenizer: WordPiece; start: number; length: number } | undefined;
  readonly #models: readonly OpenedModel[];
  readonly #watch: WeightWatch;
  #digest = '';
  #disposed: Promise<void> | undefined;

  private constructor(engine: NativeVisionLanguage, watch: WeightWatch, clip?: OpenedClip, blip?: OpenedBlip) {
    this.#engine = engine;
    this.#watch = watch;
    this.#models = [clip, blip].flatMap((opened) => (opened ? [opened.model] : []));
    this.#clip = clip?.tokenizer;
    this.#blip = blip && { tokenizer: blip.tokenizer, start: blip.start, length: blip.model.manifest.tokenizer.length };
    const facts = (opened: Pick<OpenedClip, 'model'> | undefined): VisionLanguageInfo['clip'] =>
      opened && { name: opened.model.manifest.name, folder: opened.model.folder };
    const { device, deviceName, dtype } = engine;
    this.info = { clip: facts(clip), blip: facts(blip), device, deviceName, dtype };
  }

  /**
   * Loads the models that are named, at least one.
   *
   * @param options folders of CLIP and BLIP, device, dtype, threads, checkFinite, trustCode
   * @returns models that their caller disposes of
   * @throws {InvSegError} `INVALID_OPTION`; the codes of a missing set-up, of a bad model (`MODEL_…`, `MANIFEST_…`,
   * `CODE_UNTRUSTED`, `WEIGHTS_…`, `TOKENIZER_…`) and of the device (`DEVICE_UNAVAILABLE`, `OUT_OF_MEMORY`)
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14', device: 'cpu' });
   * console.log(models.info.clip?.name);
   * ```
   */
  static async open(options: VisionLanguageOptions = {}): Promise<VisionLanguage> {
    record(options, 'options', 'an object with clip or blip');
    rejectUnknown(options, KEYS);
    const { clip: clipFolder, blip: blipFolder, ...rest } = options;
    const { device, dtype, threads, checkFinite, trustCode, copyWeights } = resolveEngineOptions(rest);
    for (const [name, folder] of Object.entries({ clip: clipFolder, blip: blipFolder })) {
      if (folder !== undefined && typeof folder !== 'string') {
        throw new InvSegError('INVALID_OPTION', `Expected a folder for ${name} but received ${show(folder)}`);
      }
    }
    if (clipFolder === undefined && blipFolder === undefined) {
      throw new InvSegError('INVALID_OPTION', 'Expected a folder for clip, for blip or for both but received neither');
    }
    const clip = clipFolder === undefined ? undefined : await openClip(clipFolder, trustCode);
    const blip = blipFolder === undefined ? undefined : await openBlip(blipFolder, trustCode);
    const addon = loadBinding();
    checkDevice(addon, device);
    const modules = [clip, blip].flatMap((opened) => (opened ? Object.values(opened.model.modules) : []));
    const files = copyWeights ? [] : modules.flatMap(({ weights }) => weights.map(({ file }) => file));
    const watch = await WeightWatch.of(files);
    const engine = await addon.binding.openVisionLanguage({
      contrastive: clip?.config ?? null,
      captioner: blip?.config ?? null,
      device,
      dtype,
      threads,
      checkFinite,
      copyWeights,
    });
    return new VisionLanguage(engine, watch, clip, blip);
  }

  /** Names of the models, for reports; with the digest of what they are made of, after `identify`. */
  get description(): string {
    return this.#models.map(({ manifest }) => manifest.name).join(' and ') + this.#digest;
  }

  /**
   * Adds a digest of weights, manifests, code and tokenizers to `description`, so that names of other models are told
   * from those of these. Reads all weights.
   *
   * @throws {InvSegError} `WEIGHTS_…`, `TOKENIZER_INVALID`
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14' });
   * await models.identify();
   * console.log(models.description); // name (digest)
   * ```
   */
  async identify(): Promise<void> {
    const parts: Record<string, string> = {};
    for (const model of this.#models) parts[model.manifest.kind] = hashNamed({ ...(await model.identity()) });
    this.#digest = ` (${hashNamed(parts).slice(0, 8)})`;
  }

  /**
   * Describes an image, once per prefix.
   *
   * @param image path, bytes of a file, sharp instance, or raw RGB
   * @param prefixes beginnings of the captions; `''` lets the model begin by itself
   * @param options beams (1–64) and the most tokens (2–512)
   * @returns one caption per prefix, in lower case, the prefix in front of it
   * @throws {InvSegError} `INVALID_OPTION` without BLIP, or for a prefix that leaves no room; `IMAGE_…`, `DISPOSED`
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ blip: 'models/blip-large' });
   * const [free, prompted] = await models.captions('cat.jpg', ['', 'a'], { beams: 1 });
   * console.log(free, prompted);
   * ```
   */
  async captions(
    image: ImageInput,
    prefixes: readonly string[] = [''],
    options: CaptionOptions = {},
  ): Promise<string[]> {
    if (!this.#blip) throw missing('blip', 'captions');
    const { tokenizer, start, length } = this.#blip;
    const beams = integer('beams', options.beams ?? 3, 1, 64);
    const maxLength = integer('maxLength', options.maxLength ?? 30, 2, length);
    const prompts = prefixes.map((prefix) => {
      const ids = typeof prefix === 'string' ? tokenizer.encode(prefix) : undefined;
      if (!ids || ids.length + 1 >= maxLength) {
        const seen = ids ? `${JSON.stringify(prefix.slice(0, 60))} with ${ids.length}` : show(prefix);
        throw new InvSegError(
          'INVALID_OPTION',
          `Expected a prefix of at most ${maxLength - 2} sub-tokens (maxLength ${maxLength}) but received ${seen}`,
        );
      }
      return Int32Array.of(start, ...ids);
    });
    const { rgb, width, height } = await decodeImage(image);
    await this.#watch.check();
    const found = await this.#engine.captions(rgb, width, height, prompts, beams, maxLength);
    return found.map(({ tokens }) => tokenizer.decode(tokens));
  }

  /**
   * An image as a vector in the space that CLIP shares between images and texts.
   *
   * @param image path, bytes of a file, sharp instance, or raw RGB
   * @returns [width], of length 1 (Euclidean)
   * @throws {InvSegError} `INVALID_OPTION` without CLIP, `IMAGE_…`, `DISPOSED`, `NOT_FINITE`
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14' });
   * const image = await models.imageEmbedding('cat.jpg');
   * const [text] = await models.textEmbeddings(['a cat']);
   * console.log(image.reduce((sum, value, i) => sum + value * text![i]!, 0)); // the cosine
   * ```
   */
  async imageEmbedding(image: ImageInput): Promise<Float32Array> {
    if (!this.#clip) throw missing('clip', 'embeddings');
    const { rgb, width, height } = await decodeImage(image);
    await this.#watch.check();
    return this.#numbers(await this.#engine.imageEmbedding(rgb, width, height));
  }

  /**
   * Texts as vectors in the same space: the dot product with an image's is their cosine.
   *
   * @param texts at least one word each
   * @returns one vector [width] of length 1 per text
   * @throws {InvSegError} `INVALID_OPTION` without CLIP or for an empty text, `NAME_TOO_LONG`, `DISPOSED`, `NOT_FINITE`
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14' });
   * const [cat, dog] = await models.textEmbeddings(['a cat', 'a dog']);
   * console.log(cat!.reduce((sum, value, i) => sum + value * dog![i]!, 0));
   * ```
   */
  async textEmbeddings(texts: readonly string[]): Promise<Float32Array[]> {
    if (!this.#clip) throw missing('clip', 'embeddings');
    if (texts.length === 0) return [];
    const { ids, ends, length } = tokenizeTexts(this.#clip, texts, 'text');
    await this.#watch.check();
    return rows(this.#numbers(await this.#engine.textEmbeddings(ids, ends, length)), texts.length);
  }

  /**
   * Words as the text encoder sees them: the mean of its last hidden states over the word's sub-tokens, without start
   * and end token; not normalised.
   *
   * @param words at least one sub-token each
   * @returns one vector [width] per word
   * @throws {InvSegError} `INVALID_OPTION` without CLIP or for an empty word, `NAME_TOO_LONG`, `DISPOSED`, `NOT_FINITE`
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * await using models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14' });
   * const [state] = await models.wordStates(['cat']);
   * console.log(state!.length);
   * ```
   */
  async wordStates(words: readonly string[]): Promise<Float32Array[]> {
    if (!this.#clip) throw missing('clip', 'word states');
    if (words.length === 0) return [];
    const { ids, ends, length } = tokenizeTexts(this.#clip, words, 'word');
    await this.#watch.check();
    return rows(this.#numbers(await this.#engine.wordStates(ids, ends, length)), words.length);
  }

  /** What is no number is close to nothing, and so to everything equally. */
  #numbers(values: Float32Array): Float32Array {
    if (values.every((value) => Number.isFinite(value))) return values;
    throw notNumbers(this.description, 'states', this.#engine.dtype);
  }

  /**
   * Frees the models after the running call; waiting and later ones reject with `DISPOSED`.
   *
   * @returns when the memory is free; a second call waits for the same
   * @example
   * ```ts
   * import { VisionLanguage } from 'invseg-native';
   *
   * const models = await VisionLanguage.open({ clip: 'models/clip-vit-large-patch14' });
   * try {
   *   await models.textEmbeddings(['a cat']);
   * } finally {
   *   await models.dispose();
   * }
   * ```
   */
  dispose(): Promise<void> {
    this.#disposed ??= this.#engine.dispose();
    return this.#disposed;
  }

  /** The same as `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

function missing(option: string, what: string): InvSegError {
  return new InvSegError(
    'INVALID_OPTION',
    `Expected a folder for ${option} when the models were opened: ${what} need it`,
  );
}

function integer(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvSegError(
    'INVALID_OPTION',
    `Expected an integer from ${least} to ${most} for ${name} but received ${show(value)}`,
  );
}
