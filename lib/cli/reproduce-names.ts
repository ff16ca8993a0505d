/** The sources of names that the flags of `invseg reproduce` offer to the rows of its tables. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Dataset } from '../datasets/index.js';
import { LIMITS, readBounded } from '../files.js';
import { EMBEDDED } from '../models/index.js';
import type { MissingRule, Vocabulary } from '../names/index.js';
import { createNameSource, loadVocabulary, vocabularyNames } from '../names/index.js';
import type { EngineOptions } from '../options/index.js';
import { captionerNames } from '../reproduce/captioner.js';
import type { GridSource, NamesLacking, NamesOffer, NamesOffers } from '../reproduce/index.js';
import { gridSources } from '../reproduce/index.js';
import { embeddedFilter, VisionLanguage } from '../vision-language/index.js';
import { openModel } from '../vision-language/model.js';
import { addMissingNamesFlag, sourceRule } from './names.js';

export interface ReproduceNamesFlags {
  names?: GridSource;
  vocabulary?: string;
  captions?: string;
  captionsBlip?: string;
  captionsLlava?: string;
  captionsCoco?: string;
  precomputed?: string;
  onMissingNames?: MissingRule;
  clip?: string;
  blip?: string;
}

export function addReproduceNamesFlags(command: Command): Command {
  return addMissingNamesFlag(command)
    .addOption(
      new Option(
        '--names <source>',
        'who names the classes where a row does not say (default: precomputed where that is given, else diffsegmenter)',
      ).choices([...gridSources]),
    )
    .option('--clip <folder>', 'CLIP ViT-L/14 in transformers layout, for diffsegmenter')
    .option(
      '--blip <folder>',
      'BLIP-large (captioning) in transformers layout, for diffsegmenter and the captions of BLIP',
    )
    .option('--precomputed <file>', "DiffSegmenter's lists of names, in the place of --clip and --blip")
    .option('--captions-blip <file>', 'Table 4: captions of BLIP (default: written by --blip)')
    .option('--captions-llava <file>', 'Table 4: captions of LLaVA')
    .option(
      '--captions-coco <file>',
      "Table 4: the data set's own captions (default: those beside it, where there are some)",
    )
    .option('--captions <file>', 'for --names captions and the grid (default: as --captions-coco)')
    .option(
      '--vocabulary <name>',
      `names that may be found: ${vocabularyNames.join(', ')}, or a JSON file (default: the data set's)`,
    );
}

/** Files are read and checked when it is made; models are loaded when the first row needs them. */
export class NamesBench implements AsyncDisposable {
  readonly offers: NamesOffers;
  readonly #models: LazyModels;

  private constructor(offers: NamesOffers, models: LazyModels) {
    this.offers = offers;
    this.#models = models;
  }

  /** @throws {InvSegError} `NAMES_NOT_FOUND`, `NAMES_INVALID` for files that were named; `MODEL_…`, `WEIGHTS_…` for folders */
  static async make(flags: ReproduceNamesFlags, dataset: Dataset, engine: EngineOptions): Promise<NamesBench> {
    const vocabulary = flags.vocabulary === undefined ? dataset.vocabulary : await loadVocabulary(flags.vocabulary);
    const models = await LazyModels.make(flags, engine);
    const beside = flags.captionsCoco ?? ownCaptions(dataset);
    const rule = flags.onMissingNames;
    const captions = (file: string | undefined, flag: string) => fileOffer('captions', file, flag, vocabulary, rule);
    const computed = models.computed(vocabulary);
    const lists = await fileOffer('precomputed', flags.precomputed, '--precomputed', vocabulary, rule);
    const offers = {
      'ground-truth': groundTruth(dataset),
      diffsegmenter: computed,
      precomputed: lists,
      strategy: flags.precomputed === undefined ? computed : lists,
      captions: await captions(flags.captions ?? beside, '--captions'),
      'captions-coco': await captions(beside, '--captions-coco'),
      'captions-llava': await captions(flags.captionsLlava, '--captions-llava'),
      'captions-blip':
        flags.captionsBlip === undefined
          ? models.captioner(vocabulary)
          : await captions(flags.captionsBlip, '--captions-blip'),
    } satisfies NamesOffers;
    return new NamesBench({ ...offers, standard: offers[flags.names ?? 'strategy'] }, models);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#models.dispose();
  }
}

function groundTruth({ vocabulary, hasBackground }: Dataset): NamesOffer {
  return {
    label: 'ground-truth',
    identity: 'ground-truth',
    open: () => createNameSource('ground-truth', { vocabulary, hasBackground }),
  };
}

/** Read now, so that a damaged file is said before anything runs; its content decides which runs are the same. */
async function fileOffer(
  kind: 'captions' | 'precomputed',
  file: string | undefined,
  flag: string,
  vocabulary: Vocabulary,
  rule: MissingRule | undefined,
): Promise<NamesOffer | NamesLacking> {
  if (file === undefined) return { missing: `needs ${flag}` };
  const source = await createNameSource(kind, { vocabulary, [kind]: file, missing: sourceRule(rule) });
  const hash = createHash('sha256')
    .update(await readBounded(file, LIMITS.names))
    .digest('hex');
  const identity = `${kind} ${hash} ${vocabulary.name}${rule === 'empty' ? ' empty' : ''}`;
  return { label: kind, identity, open: () => Promise.resolve(source) };
}

/** Captions that a data set brings: COCO's, and `captions.json` of a folder. */
function ownCaptions({ kind, root, split }: Dataset): string | undefined {
  const name =
    kind === 'coco'
      ? path.join('annotations', `captions_${split ?? 'val2017'}.json`)
      : kind === 'folder'
        ? 'captions.json'
        : undefined;
  const file = name === undefined ? undefined : path.join(root, name);
  return file !== undefined && existsSync(file) ? file : undefined;
}

interface Folders {
  clip?: string | undefined;
  blip?: string | undefined;
}

/** CLIP and BLIP, opened once and only if some row asks for them. */
class LazyModels {
  readonly #folders: Folders;
  readonly #engine: EngineOptions;
  #opened: Promise<VisionLanguage> | undefined;

  private constructor(folders: Folders, engine: EngineOptions) {
    this.#folders = folders;
    this.#engine = engine;
  }

  /** Looks at the folders' headers and loads nothing. */
  static async make({ clip, blip }: ReproduceNamesFlags, engine: EngineOptions): Promise<LazyModels> {
    // The small models in the package know what the small model of the package knows.
    const own = (engine.model === undefined || engine.model === EMBEDDED) && clip === undefined && blip === undefined;
    if (clip !== undefined) await openModel('contrastive', clip, engine.trustCode);
    if (blip !== undefined) await openModel('captioner', blip, engine.trustCode);
    return new LazyModels((own ? embeddedFilter() : undefined) ?? { clip, blip }, engine);
  }

  computed(vocabulary: Vocabulary): NamesOffer | NamesLacking {
    const lacking = (['clip', 'blip'] as const).filter((part) => this.#folders[part] === undefined);
    if (lacking.length > 0)
      return {
        missing: `names of DiffSegmenter's strategy need ${lacking.map((part) => `--${part}`).join(' and ')}, or --precomputed (or another source: --names ground-truth needs nothing)`,
      };
    return {
      label: 'diffsegmenter',
      identity: `diffsegmenter ${vocabulary.name}`,
      open: async () => createNameSource('diffsegmenter', { vocabulary, models: await this.#open() }),
    };
  }

  captioner(vocabulary: Vocabulary): NamesOffer | NamesLacking {
    if (this.#folders.blip === undefined) return { missing: 'needs --captions-blip or --blip' };
    return {
      label: 'captioner',
      identity: `captioner ${vocabulary.name}`,
      open: async () => captionerNames(await this.#open(), vocabulary),
    };
  }

  #open(): Promise<VisionLanguage> {
    const { model: _, ...engine } = this.#engine;
    return (this.#opened ??= VisionLanguage.open({ ...engine, ...this.#folders }).then(async (models) => {
      await models.identify();
      return models;
    }));
  }

  async dispose(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined); // what failed has been said
    await opened?.dispose();
  }
}
