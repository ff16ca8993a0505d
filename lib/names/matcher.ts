/** Class names in free text: the longest phrase first, whole words, and no word twice. */
import { foldName } from '../text/index.js';
import type { Vocabulary, VocabularyClass } from './vocabulary.js';
import type { Word } from './words.js';
import { BREAK, singularOf, wordsOf } from './words.js';

export interface Match {
  /** Index in the vocabulary's classes. */
  readonly index: number;
  /** The words of the text that name it, in lower case. */
  readonly words: string;
}

/** A phrase that only looks like a class's name: "bus stop". */
const NOTHING = -1;

export class NameMatcher {
  /** Phrase as words with one space between them → class. */
  readonly #phrases = new Map<string, number>();
  /** Spelling of a list of names, without its spaces → class. */
  readonly #spellings = new Map<string, number>();
  #longest = 1;

  constructor(vocabulary: Vocabulary) {
    const { classes } = vocabulary;
    // What is written wins over what is derived from it, whichever class comes first.
    for (const derived of [false, true]) {
      for (const phrase of vocabulary.ignoredPhrases) this.#addPhrase(phrase, NOTHING, derived);
      for (const [index, entry] of classes.entries()) {
        for (const spelling of spellingsOf(entry)) this.#addPhrase(spelling, index, derived);
      }
    }
    for (const [index, entry] of classes.entries()) {
      for (const spelling of [...spellingsOf(entry), ...(entry.aliases ?? [])]) this.#addSpelling(spelling, index);
    }
  }

  /** All names in the text, those of more words before those of fewer. */
  find(text: string): Match[] {
    const words = wordsOf(text);
    const taken = new Array<boolean>(words.length).fill(false);
    const matches: Match[] = [];
    for (let count = Math.min(this.#longest, words.length); count > 0; count--) {
      for (let start = 0; start + count <= words.length; start++) {
        if (taken.slice(start, start + count).includes(true)) continue;
        const span = words.slice(start, start + count);
        const index = span.includes(BREAK) ? undefined : this.#lookUp(span as Word[]);
        if (index === undefined) continue;
        taken.fill(true, start, start + count);
        if (index !== NOTHING) matches.push({ index, words: (span as Word[]).map(({ surface }) => surface).join(' ') });
      }
    }
    return matches;
  }

  /** Indices of the classes that the text names, ascending, each once. */
  classesIn(text: string): number[] {
    return [...new Set(this.find(text).map(({ index }) => index))].sort((a, b) => a - b);
  }

  /** The class that one whole name stands for, by any of its words, in singular or plural, with or without its spaces. */
  resolve(name: string): number | undefined {
    const spelling = compact(name);
    return this.#spellings.get(spelling) ?? this.#spellings.get(singularOf(spelling));
  }

  #addPhrase(phrase: string, index: number, derived: boolean): void {
    const words = wordsOf(phrase).filter((word) => word !== BREAK);
    if (words.length === 0) return;
    this.#longest = Math.max(this.#longest, words.length);
    const before = words
      .slice(0, -1)
      .map(({ surface }) => `${surface} `)
      .join('');
    const { surface, singular } = words.at(-1)!;
    const joined = words.map((word) => word.surface).join('');
    // hotdog and hotdogs for a hot dog; a shelf for shelves.
    const keys = derived ? [before + singular, joined, singularOf(joined)] : [before + surface];
    for (const key of keys) if (!this.#phrases.has(key)) this.#phrases.set(key, index);
  }

  #addSpelling(spelling: string, index: number): void {
    for (const key of [compact(spelling), singularOf(compact(spelling))]) {
      if (!this.#spellings.has(key)) this.#spellings.set(key, index);
    }
  }

  #lookUp(span: readonly Word[]): number | undefined {
    const { surface, singular, attributive } = span.at(-1)!;
    const before = span
      .slice(0, -1)
      .map((word) => `${word.surface} `)
      .join('');
    const index = this.#phrases.get(before + surface) ?? this.#phrases.get(before + singular);
    return span.length === 1 && attributive && index !== NOTHING ? undefined : index;
  }
}

const spellingsOf = ({ name, prompt, synonyms }: VocabularyClass): string[] => [name, prompt, ...synonyms];

const compact = (name: string): string => foldName(name.normalize('NFC')).replace(/[\s_-]+/gu, '');
