/** Rules of the options that hold words. */
import type { Rule } from '../checks/index.js';
import { either, isPlainObject, oneOf, refuse, text } from '../checks/index.js';
import { backgroundWordLists } from '../text/index.js';

const words: Rule<readonly string[]> = {
  type: 'readonly string[]',
  expects: 'a list of 1 to 200 words of at most 100 characters',
  read: (value, name) =>
    Array.isArray(value) && value.length > 0 && value.length <= 200 && value.every(isWord)
      ? [...(value as string[])]
      : refuse(name, words.expects, value),
};

const isWord = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '' && value.length <= 100;

export const backgroundWords = either(oneOf(...(Object.keys(backgroundWordLists) as ['none', 'voc', 'coco'])), words);

const captionText = text('a string of at most 2000 characters', (value) => value.length <= 2000);
export const caption: Rule<string | Readonly<Record<string, string>>> = {
  type: 'string | Readonly<Record<string, string>>',
  expects: `${captionText.expects}, or an object of such strings by category`,
  read(value, name) {
    if (!isPlainObject(value))
      return typeof value === 'string' ? captionText.read(value, name) : refuse(name, this.expects, value);
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, captionText.read(entry, `${name}.${key}`)]),
    );
  },
};
