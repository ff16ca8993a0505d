/** Byte-pair encoding of one word, as GPT-2 and CLIP do it. */

/** What marks the last sub-token of a word. */
export const WORD_END = '</w>';

/**
 * [256] A printable stand-in for each byte: itself where it is printable Latin-1, else a character from U+0100 on. From
 * OpenAI's `bytes_to_unicode`, so that the vocabulary files hold no control characters and no spaces.
 */
export const byteLetters: readonly string[] = makeByteLetters();

function makeByteLetters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}

/**
 * Merges neighbours, lowest rank first and leftmost among equals, until no pair has a rank.
 *
 * @param parts the letters of the word, the last with `WORD_END`
 * @param ranks `"left right"` → rank
 * @returns the sub-tokens and how many of `parts` each holds
 */
export function applyMerges(
  parts: readonly string[],
  ranks: ReadonlyMap<string, number>,
): { tokens: string[]; lengths: number[] } {
  const tokens = [...parts];
  const lengths = tokens.map(() => 1);
  const rankAt = (i: number): number =>
    i + 1 < tokens.length ? (ranks.get(`${tokens[i]} ${tokens[i + 1]}`) ?? Infinity) : Infinity;
  // Ranks are kept beside the tokens: a merge changes two of them, so a long word costs number comparisons only.
  const pairRanks = tokens.map((_, i) => rankAt(i));
  for (;;) {
    let best = 0;
    for (let i = 1; i < pairRanks.length; i++) if (pairRanks[i]! < pairRanks[best]!) best = i;
    if (!(pairRanks[best]! < Infinity)) return { tokens, lengths };
    tokens[best] += tokens[best + 1]!;
    lengths[best]! += lengths[best + 1]!;
    tokens.splice(best + 1, 1);
    lengths.splice(best + 1, 1);
    pairRanks.splice(best + 1, 1);
    pairRanks[best] = rankAt(best);
    if (best > 0) pairRanks[best - 1] = rankAt(best - 1);
  }
}
