/**
 * CLIP's byte-level BPE, with ids equal to those of transformers' (fast) `CLIPTokenizer`.
 *
 * Written here rather than taken from `@huggingface/tokenizers`: that one lower-cases whole strings, so that a sigma at
 * the end of a word becomes `ς` (6 of our 2,000 reference strings differ), takes `<|EndOfText|>` for the special token,
 * knows no offsets, which category spans need, and takes twice as long to load.
 *
 * The clean-up is the reference's: NFC, runs of Unicode white space to one space, lower case one character at a time.
 * There is no ftfy and no HTML unescaping, which other CLIP tokenizers do where those packages are installed.
 */

import { InvSegError } from '../errors.js';
import { applyMerges, byteLetters, WORD_END } from './bpe.js';
import { readSpecialTokens, readTokenizerFiles } from './tokenizer-files.js';

/** Sizes and special ids; an id that is left out is read from the folder. */
export interface TokenizerOptions {
  /** Prompt positions, K (77 for Stable Diffusion 2.1), with the two specials. */
  length: number;
  bos?: number | undefined;
  eos?: number | undefined;
  pad?: number | undefined;
  /** The manifest that the ids are from, which an id outside the vocabulary is blamed on. */
  manifest?: string | undefined;
  /** Rows of the model's token table; ids at or above it are refused when loading. */
  vocabulary?: number | undefined;
}

/** One sub-token and the part of `normalise(text)` that it covers, [start, end) in UTF-16 units. */
export interface Token {
  id: number;
  start: number;
  end: number;
}

// One match is one word; a sub-token never crosses words. Alternatives in the reference's order.
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;
const CACHED_WORDS = 10_000;
/** A longer one is no word that comes again, and its ids would fill the memory. */
const CACHED_LENGTH = 100;

interface Word {
  ids: number[];
  /** For each sub-token the number of bytes up to its end. */
  ends: number[];
}

export class ClipTokenizer {
  /** Prompt positions, K. */
  readonly length: number;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
  /** Number of tokens of the vocabulary. */
  readonly size: number;

  readonly #vocab: Map<string, number>;
  readonly #names: string[];
  readonly #ranks: Map<string, number>;
  readonly #specials: [string, number][];
  readonly #cache = new Map<string, Word>();

  private constructor(
    vocab: Map<string, number>,
    merges: string[],
    ids: { length: number; bos: number; eos: number; pad: number },
  ) {
    this.length = ids.length;
    this.bos = ids.bos;
    this.eos = ids.eos;
    this.pad = ids.pad;
    this.size = vocab.size;
    this.#vocab = vocab;
    this.#names = new Array<string>(vocab.size);
    for (const [name, id] of vocab) this.#names[id] = name;
    this.#ranks = new Map(merges.map((pair, rank) => [pair, rank]));
    this.#specials = [ids.bos, ids.eos].map((id) => [this.#names[id] ?? '', id]);
  }

  /**
   * Reads `vocab.json` and `merges.txt` (or `tokenizer.json` where they are missing).
   *
   * Special ids come from `options`, else from `special_tokens_map.json`, else from `tokenizer_config.json` (the first
   * wins because Stable Diffusion 2.x pads with `!` there, and its `tokenizer_config.json` says otherwise), else CLIP's
   * own.
   *
   * @throws InvSegError `TOKENIZER_INVALID` naming the file and what is wrong with it; `MANIFEST_INVALID` for an id of the
   * manifest that is outside the vocabulary
   */
  static async load(folder: string, options: TokenizerOptions): Promise<ClipTokenizer> {
    const { file, vocab, merges } = await readTokenizerFiles(folder);
    const named = await readSpecialTokens(folder);
    const id = (kind: 'bos' | 'eos' | 'pad'): number => {
      const value = options[kind] ?? vocab.get(named[kind]);
      if (value === undefined) {
        throw new InvSegError(
          'TOKENIZER_INVALID',
          `${file}: the ${kind} token "${named[kind]}" is not in the vocabulary`,
        );
      }
      if (!Number.isInteger(value) || value < 0 || value >= vocab.size) {
        if (options.manifest !== undefined) {
          throw new InvSegError(
            'MANIFEST_INVALID',
            `${options.manifest}: expected a number below ${vocab.size}, the tokens of ${file}, at tokenizer.${kind} but found ${value}`,
          );
        }
        throw new InvSegError(
          'TOKENIZER_INVALID',
          `${file}: the ${kind} id ${value} is outside the vocabulary of ${vocab.size} tokens`,
        );
      }
      return value;
    };
    if (options.vocabulary !== undefined && vocab.size > options.vocabulary) {
      throw new InvSegError(
        'TOKENIZER_INVALID',
        `${file}: ${vocab.size} tokens, but the text encoder knows ${options.vocabulary}; ` +
          'tokenizer and weights belong to different models',
      );
    }
    return new ClipTokenizer(vocab, merges, { length: options.length, bos: id('bos'), eos: id('eos'), pad: id('pad') });
  }

  /** Ids of `text` without specials around it; a special token spelt out in it becomes its id. Never throws. */
  encode(text: string): number[] {
    for (const [name, id] of this.#specials) {
      const at = name === '' ? -1 : text.indexOf(name);
      if (at >= 0) return [...this.encode(text.slice(0, at)), id, ...this.encode(text.slice(at + name.length))];
    }
    return this.tokenise(text).map((token) => token.id);
  }

  /** Sub-tokens of `text` with their place in `normalise(text)`; special tokens are taken for plain text. */
  tokenise(text: string): Token[] {
    const clean = normalise(text);
    const tokens: Token[] = [];
    for (const match of clean.matchAll(WORDS)) {
      const word = match[0];
      const { ids, ends } = this.#word(word);
      const starts = byteStarts(word);
      let begin = 0;
      ids.forEach((id, i) => {
        const end = ends[i]!;
        // A sub-token may hold part of a character's bytes; it then covers the whole character.
        tokens.push({ id, start: match.index + starts[begin]!, end: match.index + charEnd(word, starts[end - 1]!) });
        begin = end;
      });
    }
    return tokens;
  }

  /** The vocabulary's spelling of an id, such as `plant</w>`. */
  token(id: number): string {
    return this.#names[id] ?? '';
  }

  /** A special token that is spelt out in `text`, if any: it would end a prompt in its middle. */
  specialIn(text: string): string | undefined {
    return this.#specials.find(([name]) => name !== '' && text.includes(name))?.[0];
  }

  #word(word: string): Word {
    const known = this.#cache.get(word);
    if (known) return known;
    const bytes = Array.from(new TextEncoder().encode(word), (byte) => byteLetters[byte]!);
    bytes[bytes.length - 1] += WORD_END;
    const parts = applyMerges(bytes, this.#ranks);
    let total = 0;
    // Loading made sure that every byte and every result of a merge is in the vocabulary.
    const result: Word = { ids: parts.tokens.map((part) => this.#vocab.get(part)!), ends: [] };
    for (const length of parts.lengths) result.ends.push((total += length));
    if (word.length > CACHED_LENGTH) return result;
    if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
    this.#cache.set(word, result);
    return result;
  }
}

/** The reference's clean-up of a text. */
export function normalise(text: string): string {
  // A capital sigma is the one letter whose lower case depends on its place; one character at a time it is always σ.
  return text
    .normalize('NFC')
    .replace(/\p{White_Space}+/gu, ' ')
    .replaceAll('\u03a3', '\u03c3')
    .toLowerCase();
}

/** For each UTF-8 byte of `word` the UTF-16 index of its character. */
function byteStarts(word: string): number[] {
  const starts: number[] = [];
  let at = 0;
  for (const char of word) {
    const code = char.codePointAt(0)!;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let i = 0; i < bytes; i++) starts.push(at);
    at += char.length;
  }
  return starts;
}

function charEnd(word: string, start: number): number {
  return start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
}
