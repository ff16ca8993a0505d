/** The sources of names that files and models offer to the rows of the tables. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Dataset } from '../datasets/index.js';
import { EMBEDDED } from '../models/index.js';
import type { MissingRule, Vocabulary } from '../names/index.js';
import { createNameSource, loadVocabulary } from '../names/index.js';
import type { EngineOptions } from '../options/index.js';
import { LIMITS, readBounded } from '../system/index.js';
import { embeddedFilter, openModel, VisionLanguage } from '../vision-language/index.js';
import { captionerNames } from './captioner.js';
import type { GridSource } from './grid.js';
import type { NamesLacking, NamesOffer, NamesOffers } from './offers.js';
/** Sources of names for the rows: files and folders, as the flags of `invseg reproduce` name them. */
export interface ReproduceNames {
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

/** Files are read and checked when it is made; models are loaded when the first row needs them. */
export class OfferedNames implements AsyncDisposable {
  readonly offers: NamesOffers;
  readonly #models: LazyModels;

  private constructor(offers: NamesOffers, models: LazyModels) {
    this.offers = offers;
    this.#models = models;
  }

  /** @throws {InvSegError} `NAMES_NOT_FOUND`, `NAMES_INVALID` for files that were named; `MODEL_…`, `WEIGHTS_…` for folders */
  static async make(asked: ReproduceNames, dataset: Dataset, engine: EngineOptions): Promise<OfferedNames> {
    const vocabulary = asked.vocabulary === undefined ? dataset.vocabulary : await loadVocabulary(asked.vocabulary);
    const models = await LazyModels.make(asked, engine);
    const beside = asked.captionsCoco ?? ownCaptions(dataset);
    const rule = asked.onMissingNames;
    const captions = (file: string | undefined, flag: string) => fileOffer('captions', file, flag, vocabulary, rule);
    const computed = models.computed(vocabulary);
    const lists = await fileOffer('precomputed', asked.precomputed, '--precomputed', vocabulary, rule);
    const offers = {
      'ground-truth': groundTruth(dataset),
      diffsegmenter: computed,
      precomputed: lists,
      strategy: asked.precomputed === undefined ? computed : lists,
      captions: await captions(asked.captions ?? beside, '--captions'),
      'captions-coco': await captions(beside, '--captions-coco'),
      'captions-llava': await captions(asked.captionsLlava, '--captions-llava'),
      'captions-blip':
        asked.captionsBlip === undefined
          ? models.captioner(vocabulary)
          : await captions(asked.captionsBlip, '--captions-blip'),
    } satisfies NamesOffers;
    return new OfferedNames({ ...offers, standard: offers[asked.names ?? 'strategy'] }, models);
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
  const source = await createNameSource(kind, {
    vocabulary,
    [kind]: file,
    missing: rule === 'empty' ? 'empty' : 'throw',
  });
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
  static async make({ clip, blip }: ReproduceNames, engine: EngineOptions): Promise<LazyModels> {
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
