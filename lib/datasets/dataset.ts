/** The iterator that all kinds share: ids one by one, each made into an item, problems thrown or counted. */
import { InvSegError } from '../errors.js';
import type { Vocabulary } from '../names/index.js';
import { BACKGROUND } from '../text/index.js';
import type { IdList } from './lists.js';
import type { ResolvedOptions } from './options.js';
import { pictureSize } from './pictures.js';
import type { Size } from './png-chunks.js';
import type { ClassNames, Dataset, DatasetItem, DatasetKind, SkippedItem } from './types.js';

const background: ClassNames = { name: BACKGROUND, prompt: BACKGROUND, synonyms: [] };

/** Where a picture and its labels are; nothing is read yet. */
export interface Located {
  /** A real path. */
  imagePath: string;
  /** @param size of the picture @returns [height × width] labels of `Dataset.classes` */
  readLabels(size: Size): Promise<Uint8Array>;
}

/** What a kind brings. */
export interface DatasetParts {
  root: string;
  split: string | undefined;
  /** Of the labels, the background left out. */
  vocabulary: Vocabulary;
  hasBackground: boolean;
  protocol: string;
  list: IdList;
  /** @throws {InvSegError} where the picture or its mask is not there */
  locate(id: string): Promise<Located>;
  /** Masks without an image, which nobody reads, for a check; left out where the lists say what belongs together. */
  spareMasks?(): Promise<string[]>;
}

export class FileDataset implements Dataset {
  readonly kind: DatasetKind;
  readonly root: string;
  readonly split: string | undefined;
  readonly vocabulary: Vocabulary;
  readonly classes: readonly ClassNames[];
  readonly hasBackground: boolean;
  readonly protocol: string;
  readonly ids: readonly string[];
  readonly unlisted: readonly SkippedItem[];
  /** Looks a picture and its mask up without reading them. @throws {InvSegError} */
  readonly locate: DatasetParts['locate'];
  readonly spareMasks: DatasetParts['spareMasks'];
  readonly #skip: boolean;
  readonly #known: ReadonlySet<string>;
  /** By id and message, so that a second pass does not count anything twice. */
  readonly #skipped = new Map<string, SkippedItem>();

  /** @throws {InvSegError} the first problem of the list, unless problems are skipped */
  constructor(parts: DatasetParts, options: ResolvedOptions) {
    this.kind = options.kind;
    this.root = parts.root;
    this.split = parts.split;
    const { classes } = parts.vocabulary;
    this.vocabulary = parts.vocabulary;
    this.classes = parts.hasBackground ? [background, ...classes] : classes;
    this.hasBackground = parts.hasBackground;
    this.protocol = parts.protocol;
    this.ids = parts.list.ids;
    this.unlisted = parts.list.problems;
    this.#known = new Set(this.ids);
    this.locate = parts.locate;
    this.spareMasks = parts.spareMasks;
    this.#skip = options.onProblem === 'skip';
    for (const { id, code, message } of parts.list.problems) this.problem(id, new InvSegError(code, message));
  }

  get skipped(): readonly SkippedItem[] {
    return [...this.#skipped.values()];
  }

  problem(id: string, error: unknown): void {
    if (!this.#skip || !(error instanceof InvSegError)) throw error;
    this.#skipped.set(`${id}\n${error.message}`, { id, code: error.code, message: error.message });
  }

  async item(id: string): Promise<DatasetItem> {
    if (!this.#known.has(id)) {
      throw new InvSegError('INVALID_OPTION', `Expected an id of the data set but received ${JSON.stringify(id)}`);
    }
    const { imagePath, readLabels } = await this.locate(id);
    const size = await pictureSize(imagePath);
    return { id, imagePath, size, loadMask: async () => ({ ...size, labels: await readLabels(size) }) };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DatasetItem> {
    for (const id of this.ids) {
      let item: DatasetItem;
      try {
        item = await this.item(id);
      } catch (error) {
        this.problem(id, error);
        continue;
      }
      yield item;
    }
  }
}
