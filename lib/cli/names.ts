/** `--names …`: who says what to look for in a picture. */
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { InvSegError } from '../errors.js';
import type { ImageInput } from '../image/decode.js';
import { EMBEDDED } from '../models/index.js';
import type { FoundNames, MissingRule, NameSource, NameSourceKind, Vocabulary } from '../names/index.js';
import {
  createNameSource,
  loadVocabulary,
  missingRules,
  nameSourceKinds,
  nameSourceSummary,
  requireSome,
  vocabularyNames,
} from '../names/index.js';
import type { EngineOptions } from '../options/index.js';
import { embeddedFilter, VisionLanguage } from '../vision-language/index.js';

export interface NamesFlags {
  names?: NameSourceKind;
  categories?: string;
  vocabulary?: string;
  captions?: string;
  precomputed?: string;
  onMissingNames?: MissingRule;
  clip?: string;
  blip?: string;
}

/** What a command knows of the pictures besides the flags. */
export interface NamesContext {
  engine: EngineOptions;
  /** The data set's, where there is one; `ground-truth` goes by it, and so do the others without `--vocabulary`. */
  vocabulary?: Vocabulary | undefined;
  /** Of the data set. */
  hasBackground?: boolean | undefined;
  /** Its pictures, of which the source must know some. */
  ids?: readonly string[] | undefined;
  /** Whether the source's description has to tell models from others of their name: a run keeps it. */
  identify?: boolean | undefined;
}

/** A picture alone has no ground truth. */
export const pictureSources = nameSourceKinds.filter((kind) => kind !== 'ground-truth');

/** @param kinds that the command has @param standard what happens without the flag */
export function addNamesFlags(command: Command, kinds: readonly NameSourceKind[], standard: string): Command {
  const meaning = kinds.map((kind) => `${kind}: ${nameSourceSummary(kind)}`).join('; ');
  return command
    .addOption(
      new Option('--names <source>', `who names the categories; ${meaning} (default: ${standard})`).choices(kinds),
    )
    .option('--vocabulary <name>', `names that may be found: ${vocabularyNames.join(', ')}, or a JSON file of your own`)
    .option('--captions <file>', 'captions: JSON {"<picture>": "caption"}, or COCO captions')
    .option('--precomputed <file>', "precomputed: names of each picture, in DiffSegmenter's form")
    .option(
      '--clip <folder>',
      'diffsegmenter: CLIP ViT-L/14 in transformers layout; captions: for pictures whose captions name nothing',
    )
    .option('--blip <folder>', 'diffsegmenter: BLIP-large (captioning) in transformers layout');
}

/** For commands that count pictures. */
export function addMissingNamesFlag(command: Command): Command {
  const option = new Option(
    '--on-missing-names <rule>',
    'pictures that the file of captions or names does not have: left out and counted (skip), nothing is named in ' +
      'them (empty), or an error (throw; default: skip)',
  );
  return command.addOption(option.choices([...missingRules]));
}

/** What of the rule is the run's to do; `empty` is the source's. */
export const runRule = (rule: MissingRule | undefined): 'skip' | 'throw' => (rule === 'throw' ? 'throw' : 'skip');

/** What of it is the source's. */
export const sourceRule = (rule: MissingRule | undefined): 'empty' | 'throw' => (rule === 'empty' ? 'empty' : 'throw');

/** Which source the flags mean: names that are given, else a vocabulary to find them in. */
export function sourceOf({ names, categories, vocabulary }: NamesFlags): NameSourceKind {
  return names ?? (categories === undefined && vocabulary !== undefined ? 'diffsegmenter' : 'given');
}

/** A source of names, and the models that it needs. */
export class PictureNames implements AsyncDisposable {
  readonly source: NameSource;
  readonly #models: VisionLanguage | undefined;

  private constructor(source: NameSource, models: VisionLanguage | undefined) {
    this.source = source;
    this.#models = models;
  }

  /** @throws {InvSegError} `INVALID_OPTION` for flags that do not fit together; `NAMES_…` for files; the models' codes */
  static async open(kind: NameSourceKind, flags: NamesFlags, context: NamesContext): Promise<PictureNames> {
    checkFlags(kind, flags);
    const { categories, captions, precomputed } = flags;
    const vocabulary = flags.vocabulary === undefined ? context.vocabulary : await loadVocabulary(flags.vocabulary);
    const missing = sourceRule(flags.onMissingNames);
    const parts = { categories, vocabulary, captions, precomputed, missing, hasBackground: context.hasBackground };
    const folders = filterFolders(kind, flags, context.engine);
    // Anything wrong with a file or a flag is said before gigabytes are loaded.
    if (kind !== 'diffsegmenter' || vocabulary === undefined) {
      const source = await createNameSource(kind, parts);
      requireSome(source, context.ids ?? []);
      if (folders === undefined) return new PictureNames(source, undefined);
    }
    const { model: _, ...engine } = context.engine;
    const models = await VisionLanguage.open({ ...engine, ...folders });
    try {
      if (context.identify) await models.identify();
      return new PictureNames(await createNameSource(kind, { ...parts, models }), models);
    } catch (error) {
      await models.dispose();
      throw error;
    }
  }

  /** @param file the picture; captions and lists know it by its name without the ending */
  of(file: string, image: ImageInput): Promise<FoundNames> {
    return this.source.namesFor({ id: path.parse(file).name, imagePath: file, image });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#models?.dispose();
  }
}

/** Flags that a source reads; any other one is a misunderstanding. */
const reads: Readonly<Record<NameSourceKind, readonly (keyof NamesFlags)[]>> = {
  given: ['categories'],
  'ground-truth': [],
  captions: ['vocabulary', 'captions', 'onMissingNames', 'clip'],
  precomputed: ['vocabulary', 'precomputed', 'onMissingNames'],
  diffsegmenter: ['vocabulary', 'clip', 'blip'],
};

const names = ['categories', 'vocabulary', 'captions', 'precomputed', 'onMissingNames', 'clip', 'blip'] as const;

/** @throws {InvSegError} `INVALID_OPTION` for a flag that the source does not read */
export function checkFlags(kind: NameSourceKind, flags: NamesFlags): void {
  for (const flag of names) {
    if (flags[flag] === undefined || reads[kind].includes(flag)) continue;
    if (flag === 'categories')
      throw conflict(`--names ${kind} finds the names itself`, 'leave --categories out, or use --names given');
    const others = nameSourceKinds.filter((other) => reads[other].includes(flag));
    const typed = flag === 'onMissingNames' ? 'on-missing-names' : flag;
    const then = `name it with --names (${others.join(', ')})`;
    throw conflict(`--${typed} belongs to another source of names than ${kind}`, then);
  }
}

/** The small models in the package know what the small model of the package knows; they are of no use beside another one. */
function filterFolders(
  kind: NameSourceKind,
  { clip, blip }: NamesFlags,
  { model }: EngineOptions,
): { clip?: string; blip?: string } | undefined {
  const embedded = model === undefined || model === EMBEDDED ? embeddedFilter() : undefined;
  if (kind === 'diffsegmenter') {
    const folders = { clip: clip ?? embedded?.clip, blip: blip ?? embedded?.blip };
    if (folders.clip === undefined || folders.blip === undefined) {
      throw conflict(
        '--names diffsegmenter needs models of pictures and texts',
        'name their folders with --clip and --blip',
      );
    }
    return { clip: folders.clip, blip: folders.blip };
  }
  return clip === undefined ? undefined : { clip };
}

const conflict = (what: string, then: string): InvSegError => new InvSegError('INVALID_OPTION', `${what}; ${then}`);
