/** Which classes a picture is searched for: the names that a source finds, as labels of the data set. */
import type { ClassNames, Dataset, LabelMap } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { RawImage } from '../image/decode.js';
import { foldName } from '../text/names.js';

/** Names the classes that a picture shows. */
export interface NameSource {
  /** One line for reports; a journal of another source is refused. */
  readonly description: string;
  /** @throws {InvSegError} where the picture cannot be named; `onProblem` of the data set then decides */
  namesFor(picture: NamedPicture): Promise<{
    /** Names of classes, without the background, each once; none is possible. */
    readonly names: readonly string[];
    readonly warnings: readonly string[];
  }>;
}

export interface NamedPicture {
  readonly id: string;
  readonly imagePath: string;
  /** Decoded already. */
  readonly image: RawImage;
  /** Read already. */
  loadMask(): Promise<LabelMap>;
}

/** The classes in the mask, in the data set's order. */
export function groundTruthNames({ classes, hasBackground }: Pick<Dataset, 'classes' | 'hasBackground'>): NameSource {
  return {
    description: 'ground truth: the classes in the mask',
    async namesFor({ loadMask }) {
      const seen = new Uint8Array(256);
      for (const label of (await loadMask()).labels) seen[label] = 1;
      const names = classes.flatMap(({ prompt }, label) => (seen[label] === 1 && !(hasBackground && label === 0) ? [prompt] : []));
      return { names, warnings: [] };
    },
  };
}

/** Name → label, by the prompt's name, the data set's own and its synonyms, in this order. */
export class ClassIndex {
  readonly #labels = new Map<string, number>();

  constructor({ classes, hasBackground }: Pick<Dataset, 'classes' | 'hasBackground'>) {
    const spellings: ((one: ClassNames) => readonly string[])[] = [(one) => [one.prompt], (one) => [one.name], (one) => one.synonyms];
    for (const of of spellings) {
      classes.forEach((one, label) => {
        if (hasBackground && label === 0) return;
        for (const name of of(one)) if (!this.#labels.has(foldName(name))) this.#labels.set(foldName(name), label);
      });
    }
  }

  /** @returns each label once, in the names' order @throws {InvSegError} `INVALID_OPTION` for a name that is no class */
  labelsOf(names: readonly string[]): number[] {
    return [...new Set(names.map((name) => this.#labelOf(name)))];
  }

  #labelOf(name: string): number {
    const label = this.#labels.get(foldName(name));
    if (label !== undefined) return label;
    throw new InvSegError('INVALID_OPTION', `Expected names of the data set's classes but received ${JSON.stringify(name)}; a pixel with it would be compared with nothing`);
  }
}
