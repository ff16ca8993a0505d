/** Parts of speech of a text's words, in bounded memory. */
import { createRequire } from 'node:module';
import type * as Wink from 'wink-nlp';

export interface Token {
  value: string;
  /** Universal part of speech: `NOUN`, `ADJ`, … */
  part: string;
}

/** What a tagger may remember of words that its model does not have. */
export interface Memory {
  words: number;
  /** Of those words together. */
  characters: number;
}

/** Some 30 MiB. A data set of a hundred thousand captions has fewer such words. */
const MEMORY: Memory = { words: 100_000, characters: 2 ** 22 };
/** Not in any model. */
const UNSEEN = 'zqxjkvwq';

const require = createRequire(import.meta.url);

/**
 * wink-nlp adds each word that it has not seen to the lexicon of its model and never forgets one, so texts of a stranger
 * would fill the memory of a server. Past `memory`, a fresh model takes its place (0.2 s).
 */
export class Tagger {
  readonly #memory: Memory;
  #nlp: Wink.WinkMethods | undefined;
  /** Number of the first word that the model did not have. */
  #first = 0;
  /** Number of the next one: the lexicon counts them. */
  #next = 0;
  #characters = 0;

  constructor(memory: Memory = MEMORY) {
    this.#memory = memory;
  }

  /** What it remembers now: at most the limits and the words of one text. */
  get remembered(): Memory {
    return { words: this.#next - this.#first, characters: this.#characters };
  }

  tag(text: string): Token[] {
    const { words, characters } = this.remembered;
    if (words >= this.#memory.words || characters >= this.#memory.characters) this.#nlp = undefined;
    // Loaded by the first text: most commands never need it.
    const nlp = (this.#nlp ??= this.#load());
    const { its } = nlp;
    const tokens: Token[] = [];
    each(nlp, text, (token) => {
      const value = token.out();
      tokens.push({ value, part: token.out(its.pos) as string });
      const number = token.out(its.uniqueId) as number;
      if (number < this.#next) return;
      this.#next = number + 1;
      this.#characters += value.length;
    });
    return tokens;
  }

  #load(): Wink.WinkMethods {
    const create = require('wink-nlp') as typeof Wink.default;
    const nlp = create((model ??= loadModel()), ['sbd', 'pos']);
    this.#characters = 0;
    each(nlp, UNSEEN, (token) => {
      this.#first = this.#next = (token.out(nlp.its.uniqueId) as number) + 1;
    });
    return nlp;
  }
}

let model: Wink.Model | undefined;

/**
 * The model for any number of taggers. Its own `metaCER` quotes the text that it returned before once more, which doubles
 * with each call: it is called once.
 */
function loadModel(): Wink.Model {
  const loaded = require('wink-eng-lite-web-model') as Wink.Model & { metaCER(): unknown };
  const entities = loaded.metaCER();
  return { ...loaded, metaCER: () => entities } as Wink.Model;
}

function each(nlp: Wink.WinkMethods, text: string, use: (token: Wink.ItemToken) => void): void {
  nlp.readDoc(text).tokens().each(use);
}
