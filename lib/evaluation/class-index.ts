/** The names that a source finds, as labels of the data set. */
import type { ClassNames, Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import { foldName } from '../text/index.js';

/** Name → label, by the prompt's name, the data set's own and its synonyms, in this order. */
export class ClassIndex {
  readonly #labels = new Map<string, number>();

  constructor({ classes, hasBackground }: Pick<Dataset, 'classes' | 'hasBackground'>) {
    const spellings: ((one: ClassNames) => readonly string[])[] = [
      (one) => [one.prompt],
      (one) => [one.name],
      (one) => one.synonyms,
    ];
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
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected names of the data set's classes but received ${JSON.stringify(name)}; a pixel with it would be compared with nothing`,
    );
  }
}
