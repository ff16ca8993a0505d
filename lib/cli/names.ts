/** `--names …`: who says what to look for in a picture. */
import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/decode.js';
import { createNameSource, loadVocabulary, nameSourceKinds, nameSourceSummary, vocabularyNames } from '../names/index.js';
import type { FoundNames, NameSource, NameSourceKind } from '../names/index.js';
import type { EngineOptions } from '../options/index.js';
import { VisionLanguage } from '../vision-language/index.js';

export interface NamesFlags {
  names: NameSourceKind;
  vocabulary?: string;
  captions?: string;
  precomputed?: string;
  clip?: string;
  blip?: string;
}

/** A picture alone has no ground truth. */
const kinds = nameSourceKinds.filter((kind) => kind !== 'ground-truth');

export function addNamesFlags(command: Command): Command {
  const meaning = kinds.map((kind) => `${kind}: ${nameSourceSummary(kind)}`).join('; ');
  return command
    .addOption(new Option('--names <source>', `who names the categories; ${meaning}`).choices(kinds).default('given'))
    .option('--vocabulary <name>', `names that may be found: ${vocabularyNames.join(', ')}, or a JSON file of your own`)
    .option('--captions <file>', 'captions: JSON {"<picture>": "caption"}, or COCO captions')
    .option('--precomputed <file>', "precomputed: names of each picture, in DiffSegmenter's form")
    .option('--clip <folder>', 'diffsegmenter: CLIP ViT-L/14 in transformers layout; captions: for pictures whose captions name nothing')
    .option('--blip <folder>', 'diffsegmenter: BLIP-large (captioning) in transformers layout');
}

/** Names of one picture after the other; `undefined` stands for the names of `--categories`. */
export class PictureNames implements AsyncDisposable {
  readonly #source: NameSource;
  readonly #models: VisionLanguage | undefined;

  private constructor(source: NameSource, models: VisionLanguage | undefined) {
    this.#source = source;
    this.#models = models;
  }

  /** @throws {InvSegError} `INVALID_OPTION` for flags that do not fit together; `NAMES_…` for files; the models' codes */
  static async open(flags: NamesFlags & { categories?: string | undefined }, engine: EngineOptions): Promise<PictureNames | undefined> {
    const { names: kind, categories, captions, precomputed, clip, blip } = flags;
    if (kind === 'given') {
      const extra = (['vocabulary', 'captions', 'precomputed', 'clip', 'blip'] as const).find((flag) => flags[flag] !== undefined);
      if (extra !== undefined) throw conflict(`--${extra} belongs to another source of names`, `name it with --names (${kinds.slice(1).join(', ')})`);
      return undefined;
    }
    if (categories !== undefined) throw conflict(`--names ${kind} finds the names itself`, 'leave --categories out, or use --names given');
    const vocabulary = flags.vocabulary === undefined ? undefined : await loadVocabulary(flags.vocabulary);
    if (kind === 'diffsegmenter' && (clip === undefined || blip === undefined)) {
      throw conflict('--names diffsegmenter needs models of pictures and texts', 'name their folders with --clip and --blip');
    }
    // A file that cannot be read is said before gigabytes are loaded.
    if (kind !== 'diffsegmenter') await createNameSource(kind, { vocabulary, captions, precomputed });
    const models = clip === undefined && blip === undefined ? undefined : await VisionLanguage.open({ ...engine, clip, blip });
    try {
      return new PictureNames(await createNameSource(kind, { vocabulary, captions, precomputed, models }), models);
    } catch (error) {
      await models?.dispose();
      throw error;
    }
  }

  get description(): string {
    return this.#source.description;
  }

  /** @param file the picture; captions and lists know it by its name without the ending */
  of(file: string, image: ImageInput): Promise<FoundNames> {
    return this.#source.namesFor({ id: path.parse(file).name, imagePath: file, image });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#models?.dispose();
  }
}

const conflict = (what: string, then: string): InvSegError => new InvSegError('INVALID_OPTION', `${what}; ${then}`);
