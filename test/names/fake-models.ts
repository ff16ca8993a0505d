import type { VisionLanguageModels } from '../../lib/names/index.js';

interface Facts {
  captions?: string[];
  /** Class → cosine with the picture, up to a common factor; 0 where it is not listed. */
  picture?: Record<string, number>;
  /** Word → class → cosine; a word is its own class with cosine 1. */
  words?: Record<string, Record<string, number>>;
}

/** Models whose cosines are what a test says: a class is an axis, and so is what makes a vector's length 1. */
export class FakeModels implements VisionLanguageModels {
  readonly description = 'models of a test';
  prefixes: readonly string[] = [];
  photos: readonly string[] = [];
  /** Words that were asked for after the classes, in their order. */
  nouns: string[] = [];
  calls = 0;
  readonly #facts: Facts;
  readonly #axes = new Map<string, number>();

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  async captions(_: unknown, prefixes: readonly string[]) {
    this.prefixes = prefixes;
    return this.#facts.captions ?? prefixes.map(() => '');
  }

  async imageEmbedding() {
    return this.#vector(this.#facts.picture ?? {}, false);
  }

  async textEmbeddings(texts: readonly string[]) {
    this.calls++;
    this.photos = texts;
    return texts.map((text) => this.#vector({ [text.replace('A photo of a ', '')]: 1 }));
  }

  async wordStates(words: readonly string[]) {
    if (this.calls++ > 1) this.nouns.push(...words);
    return words.map((word) => this.#vector(this.#facts.words?.[word] ?? { [word]: 1 }));
  }

  #vector(cosines: Record<string, number>, unit = true): Float32Array {
    const vector = new Float32Array(128);
    let square = 0;
    for (const [name, value] of Object.entries(cosines)) {
      if (!this.#axes.has(name)) this.#axes.set(name, this.#axes.size + 1);
      vector[this.#axes.get(name)!] = value;
      square += value ** 2;
    }
    if (unit) vector[0] = Math.sqrt(Math.max(0, 1 - square));
    return vector;
  }
}
