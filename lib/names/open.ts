/** Its keys; the compiler names one that is missing. */
const ownKeys = { clip: true, blip: true, engine: true, ids: true, identify: true } satisfies Record<
  Exclude<keyof NameSourceOptions, keyof NameSourceParts>,
  true
>;
const optionKeys = [...partKeys.filter((key) => key !== 'models'), ...Object.keys(ownKeys)];

/** A source of names together with the models that it needs. */

import path from 'node:path';
import { pathText, record, rejectUnknown } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/index.js';
import { EMBEDDED } from '../models/index.js';
import type { EngineOptions } from '../options/index.js';
import { resolveEngineOptions } from '../options/index.js';
import { embeddedFilter, VisionLanguage } from '../vision-language/index.js';
import { requireSome } from './missing.js';
import type { NameSourceKind, NameSourceParts } from './sources.js';
import { createNameSource, partKeys } from './sources.js';
import type { FoundNames, NameSource } from './types.js';
import type { Vocabulary } from './vocabulary.js';
import { loadVocabulary } from './vocabulary.js';

/** What `openNameSource` takes; which of them a kind needs, its error says. */
export interface NameSourceOptions extends Omit<NameSourceParts, 'vocabulary' | 'models'> {
  /** Names that may be found: a vocabulary, the name of a published one, or a JSON file. */
  vocabulary?: Vocabulary | string | undefined;
  /** Folder of CLIP ViT-L/14 in transformers layout. */
  clip?: string | undefined;
  /** Folder of BLIP-large (captioning) in transformers layout. */
  blip?: string | undefined;
  /** Where CLIP and BLIP run; beside the model of the package the small ones of the package are taken. */
  engine?: Partial<EngineOptions> | undefined;
  /** Images of a data set, of which the source must know some. */
  ids?: readonly string[] | undefined;
  /** Whether the source's description tells models from others of their name, by a hash of their weights. */
  identify?: boolean | undefined;
}

/** A source of names together with the models that it needs. Disposing of it frees the models. */
export class OpenedNames implements AsyncDisposable {
  /** The source itself, for `evaluate`. */
  readonly source: NameSource;
  readonly #models: VisionLanguage | undefined;

  /**
   * `openNameSource` opens sources; this is for a caller that brings its own.
   *
   * @param source of the names
   * @param models that it needs, if any
   */
  constructor(source: NameSource, models: VisionLanguage | undefined) {
    this.source = source;
    this.#models = models;
  }

  /**
   * Finds the names of one image.
   *
   * @param file the image's path; captions and lists know it by its name without the ending
   * @param image what sources that look at the image read
   * @returns names in the order of the vocabulary, without the background
   * @throws {InvSegError} `INVALID_OPTION` for what is no path; `NAMES_NOT_FOUND` where the source has nothing for the
   * image; what the models throw
   * @example
   * ```ts
   * import { openNameSource } from 'invseg-native';
   *
   * await using names = await openNameSource('given', { categories: 'cat, dog' });
   * const { names: categories } = await names.of('cat.jpg', 'cat.jpg');
   * console.log(categories); // [ 'cat', 'dog' ]
   * ```
   */
  async of(file: string, image: ImageInput): Promise<FoundNames> {
    pathText.read(file, 'file');
    return this.source.namesFor({ id: path.parse(file).name, imagePath: file, image });
  }

  /** Frees the models. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#models?.dispose();
  }
}

/**
 * Opens a source of names and what it reads.
 *
 * @param kind where the names come from
 * @param options what that kind needs: names, a vocabulary, files, folders of models
 * @returns a source that its caller disposes of
 * @throws {InvSegError} `INVALID_OPTION` for what is missing or unknown; `NAMES_NOT_FOUND`, `NAMES_INVALID` for files; the codes
 * of the models
 * @example
 * ```ts
 * import { openNameSource, Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * await using names = await openNameSource('captions', { vocabulary: 'voc', captions: 'captions.json' });
 * const { names: categories } = await names.of('cat.jpg', 'cat.jpg');
 * const { segments } = await segmenter.segment('cat.jpg', { categories });
 * console.log(segments);
 * ```
 */
export async function openNameSource(kind: NameSourceKind, options: NameSourceOptions): Promise<OpenedNames> {
  record(options, 'options', 'an object with vocabulary, captions, …');
  rejectUnknown(options, optionKeys);
  const { clip, blip, ids, identify, vocabulary: asked, engine: given, ...rest } = options;
  const engine = resolveEngineOptions(given);
  const vocabulary = typeof asked === 'string' ? await loadVocabulary(asked) : asked;
  const parts = { ...rest, vocabulary };
  const folders = modelFolders(kind, { clip, blip }, engine);
  // Anything wrong with a file or an option is said before gigabytes are loaded.
  if (kind !== 'diffsegmenter' || vocabulary === undefined) {
    const source = await createNameSource(kind, parts);
    requireSome(source, ids ?? []);
    if (folders === undefined) return new OpenedNames(source, undefined);
  }
  const { model: _, ...runs } = engine;
  const models = await VisionLanguage.open({ ...runs, ...folders });
  try {
    if (identify) await models.identify();
    return new OpenedNames(await createNameSource(kind, { ...parts, models }), models);
  } catch (error) {
    await models.dispose();
    throw error;
  }
}

/** The small models in the package know what the small model of the package knows; they are of no use beside another one. */
function modelFolders(
  kind: NameSourceKind,
  { clip, blip }: Pick<NameSourceOptions, 'clip' | 'blip'>,
  { model }: EngineOptions,
): { clip?: string; blip?: string } | undefined {
  const embedded = model === undefined || model === EMBEDDED ? embeddedFilter() : undefined;
  if (kind === 'diffsegmenter') {
    const folders = { clip: clip ?? embedded?.clip, blip: blip ?? embedded?.blip };
    if (folders.clip === undefined || folders.blip === undefined) {
      throw new InvSegError(
        'INVALID_OPTION',
        'Names of diffsegmenter need models of images and texts; name their folders with --clip and --blip (options clip and blip)',
      );
    }
    return { clip: folders.clip, blip: folders.blip };
  }
  return clip === undefined ? undefined : { clip };
}
