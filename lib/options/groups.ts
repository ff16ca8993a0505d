/** Options that belong together, and those of one method: rule and meaning of each. */

import type { Rule } from '../checks/index.js';
import { either, integer, isPlainObject, number, oneOf, refuse, rejectUnknown, text } from '../checks/index.js';
import { backgroundWordLists } from '../text/index.js';
import type { DiffSegOptions, ISegOptions, MethodOptions, RefineOptions } from './types.js';

export interface Definition<T> {
  rule: Rule<T>;
  /** One line for `--help`. */
  help: string;
}

export type Definitions<T> = { [K in keyof T]-?: Definition<T[K]> };

/** A nested group; it arrives complete, since `resolve.ts` lays what is given over the defaults first. */
export function group<T extends object>(
  definitions: Definitions<T>,
  check?: (value: T, name: string) => void,
): Rule<T> {
  const keys = Object.keys(definitions) as (keyof T & string)[];
  const expects = `an object with some of ${keys.join(', ')}`;
  return {
    expects,
    members: definitions,
    read(value, name) {
      if (!isPlainObject(value)) refuse(name, expects, value);
      rejectUnknown(value, keys, `${name}.`);
      const read = Object.fromEntries(
        keys.map((key) => [
          key,
          definitions[key].rule.read(Object.hasOwn(value, key) ? value[key] : undefined, `${name}.${key}`),
        ]),
      ) as T;
      check?.(read, name);
      return read;
    },
  };
}

export const refineDefinitions: Definitions<RefineOptions> = {
  iterations: { rule: integer(0, 100), help: "applications of iSeg's refinement in place of eq. 2; 0 is eq. 2" },
  entropyReduction: { rule: number({ min: 0, max: 10 }), help: 'λ: how much weak self-attention is lowered first' },
};

export const diffsegDefinitions: Definitions<DiffSegOptions> = {
  anchors: { rule: integer(1, 16), help: 'anchors along a side' },
  threshold: { rule: number({ above: 0 }), help: 'τ: largest distance of maps that are merged' },
  iterations: { rule: integer(1, 10), help: 'rounds of merging, the first around the anchors' },
};

export const isegDefinitions: Definitions<ISegOptions> = {
  clusters: { rule: integer(1, 64), help: 'clusters along a side' },
  iterations: { rule: integer(1, 100), help: 'iterations of the k-means' },
};

const words: Rule<string[]> = {
  expects: 'a list of 1 to 200 words of at most 100 characters',
  read: (value, name) =>
    Array.isArray(value) && value.length > 0 && value.length <= 200 && value.every(isWord)
      ? [...(value as string[])]
      : refuse(name, words.expects, value),
};

const isWord = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '' && value.length <= 100;

const backgroundWords = either(oneOf(...(Object.keys(backgroundWordLists) as ['none', 'voc', 'coco'])), words);

const captionText = text('a string of at most 2000 characters', (value) => value.length <= 2000);
const caption: Rule<MethodOptions['caption']> = {
  expects: `${captionText.expects}, or an object of such strings by category`,
  read(value, name) {
    if (!isPlainObject(value))
      return typeof value === 'string' ? captionText.read(value, name) : refuse(name, this.expects, value);
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, captionText.read(entry, `${name}.${key}`)]),
    );
  },
};

export const wordRules = { backgroundWords, caption };
