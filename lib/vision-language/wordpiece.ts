/**
 * BERT's lower-casing WordPiece, with ids and decoded text equal to those of transformers' `BertTokenizer`.
 *
 * Small enough to be its own: clean-up, split at white space and punctuation, then the longest piece first.
 */

import path from 'node:path';
import { invalidTokenizer as invalid, tokenizerField, tokenizerText } from '../text/index.js';

const UNKNOWN = '[UNK]';
const SPECIALS = ['[PAD]', UNKNOWN, '[CLS]', '[SEP]', '[MASK]'];
/** Longer words are unknown, whatever the vocabulary holds. */
const MAX_WORD = 100;
const CONTINUES = '##';

// The blocks of ideographs in BERT's own list; each ideograph is a word.
const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/u;

export class WordPiece {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #pieces: readonly string[];
  readonly #unknown: number;

  private constructor(pieces: readonly string[], file: string) {
    this.#pieces = pieces;
    this.#ids = new Map(pieces.map((piece, id) => [piece, id]));
    const unknown = this.#ids.get(UNKNOWN);
    if (unknown === undefined) throw invalid(file, `it has no ${UNKNOWN}`);
    this.#unknown = unknown;
  }

  /**
   * Reads `vocab.txt`, or `tokenizer.json` where it is missing.
   *
   * @param rows of the model's token table; a longer vocabulary belongs to another model
   * @throws InvSegError `TOKENIZER_INVALID` naming the file and what is wrong with it
   */
  static async load(folder: string, rows?: number): Promise<WordPiece> {
    const { file, pieces } = await readPieces(folder);
    if (rows !== undefined && pieces.length > rows) {
      throw invalid(
        file,
        `${pieces.length} tokens, but the text decoder knows ${rows}; they belong to different models`,
      );
    }
    return new WordPiece(pieces, file);
  }

  /** Ids of `text` without specials around it; a special token spelt out in it is plain text. Never throws. */
  encode(text: string): number[] {
    return splitWords(normalise(text)).flatMap((word) => this.#encodeWord(word));
  }

  #encodeWord(word: string): number[] {
    const letters = [...word];
    if (letters.length > MAX_WORD) return [this.#unknown];
    const ids: number[] = [];
    for (let begin = 0; begin < letters.length; ) {
      let end = letters.length;
      let id: number | undefined;
      for (; end > begin && id === undefined; end--) {
        id = this.#ids.get((begin > 0 ? CONTINUES : '') + letters.slice(begin, end).join(''));
      }
      if (id === undefined) return [this.#unknown];
      ids.push(id);
      begin = end + 1;
    }
    return ids;
  }

  /** The text of ids; special tokens and ids that the vocabulary does not know (a caption's start token) are left out. */
  decode(ids: Iterable<number>): string {
    let text = '';
    for (const id of ids) {
      const piece = this.#pieces[id];
      if (piece === undefined || SPECIALS.includes(piece)) continue;
      if (piece.startsWith(CONTINUES) && text !== '') text += piece.slice(CONTINUES.length);
      else text += text === '' || /^[.?!,]$/.test(piece) ? piece : ` ${piece}`;
    }
    return text;
  }
}

/** The reference's clean-up: controls away, ideographs apart, accents away, lower case one character at a time. */
function normalise(text: string): string {
  return (
    text
      // Other controls than these three go before they could count as white space, vertical tabs too.
      .replace(/(?![\t\n\r])[\ufffd\p{Cc}\p{Cf}\p{Co}]/gu, '')
      .replace(/\p{White_Space}/gu, ' ')
      .replace(IDEOGRAPH, ' $& ')
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '')
      // The one letter whose lower case depends on its place.
      .replaceAll('\u03a3', '\u03c3')
      .toLowerCase()
  );
}

/** Runs of other characters than white space, every punctuation mark on its own. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const run of text.split(/\p{White_Space}+/u)) {
    let word = '';
    for (const letter of run) {
      if (PUNCTUATION.test(letter)) {
        if (word) words.push(word);
        words.push(letter);
        word = '';
      } else word += letter;
    }
    if (word) words.push(word);
  }
  return words;
}

async function readPieces(folder: string): Promise<{ file: string; pieces: string[] }> {
  const list = path.join(folder, 'vocab.txt');
  const text = await tokenizerText(list);
  if (text !== undefined) {
    const pieces = text.replace(/\r?\n$/, '').split(/\r?\n/);
    return { file: list, pieces };
  }
  const file = path.join(folder, 'tokenizer.json');
  const top = await tokenizerField(file);
  if (!top) throw invalid(list, 'there is no such file, and no tokenizer.json next to it');
  const pieces: string[] = [];
  const entries = Object.entries(top.at('model').at('vocab').record('an object of token → id'));
  for (const [piece, id] of entries)
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < entries.length) pieces[id as number] = piece;
  if (pieces.length !== entries.length || pieces.includes(undefined as never)) {
    throw invalid(file, 'expected every id from 0 on once in model.vocab');
  }
  return { file, pieces };
}
