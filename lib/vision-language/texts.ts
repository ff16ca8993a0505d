/** Texts as the token ids that CLIP's text encoder takes. */

import { show } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { ClipTokenizer } from '../text/index.js';
import { quote } from '../text/index.js';

/** Characters of a text. Those of CLIP's 75 sub-tokens are fewer, and a word's merges take the square of its length. */
const MOST = 10_000;

export interface TokenizedTexts {
  /** [texts × length] start, sub-tokens, end, padding. */
  ids: Int32Array;
  /** [texts] position of the end token. */
  ends: Int32Array;
  /** Positions of each: the longest text's. */
  length: number;
}

/**
 * Texts side by side, padded to the longest. The text encoder is causal, so that padding further changes nothing.
 *
 * @param texts at least one
 * @param what a text is, for messages
 * @throws InvSegError `INVALID_OPTION` for what is not a text or makes no tokens; `NAME_TOO_LONG`
 */
export function tokenizeTexts(tokenizer: ClipTokenizer, texts: readonly string[], what: string): TokenizedTexts {
  const room = tokenizer.length - 2;
  const tokens = texts.map((text) => {
    if (typeof text !== 'string') {
      throw new InvSegError('INVALID_OPTION', `Expected a string for a ${what} but received ${show(text)}`);
    }
    if (text.length > MOST) {
      throw new InvSegError(
        'NAME_TOO_LONG',
        `Expected a ${what} of at most ${MOST} characters but received ${text.length}: ${quote(text)}`,
      );
    }
    const found = tokenizer.tokenise(text);
    if (found.length === 0) {
      throw new InvSegError('INVALID_OPTION', `Expected a ${what} that makes tokens but ${quote(text)} makes none`);
    }
    if (found.length > room) {
      throw new InvSegError(
        'NAME_TOO_LONG',
        `Expected a ${what} of at most ${room} sub-tokens but ${quote(text)} has ${found.length}`,
      );
    }
    return found.map((token) => token.id);
  });
  const length = Math.max(...tokens.map((ids) => ids.length)) + 2;
  const ids = new Int32Array(texts.length * length).fill(tokenizer.pad);
  tokens.forEach((own, i) => ids.set([tokenizer.bos, ...own, tokenizer.eos], i * length));
  return { ids, ends: Int32Array.from(tokens, (own) => own.length + 1), length };
}

/** The rows of an array [count × width] as arrays of their own. */
export function rows(values: Float32Array, count: number): Float32Array[] {
  const width = values.length / count;
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}
