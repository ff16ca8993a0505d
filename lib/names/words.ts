/** A text as words: what each is compared by, and what part it plays. English grammar; other languages get plain words. */
import pluralize from 'pluralize';
import { Tagger } from './tagger.js';

export interface Word {
  /** As written, in lower case and NFC. */
  readonly surface: string;
  /** Its singular, where it has one: `people` → `person`. */
  readonly singular: string;
  /** A noun, so far as grammar tells without meaning. */
  readonly noun: boolean;
  /** An adjective in front of its noun: the first word of "orange cat" is no fruit. */
  readonly attributive: boolean;
}

/** Where a phrase cannot go on: a full stop, a comma, the end of a possessive. */
export const BREAK = null;

const tagger = new Tagger();

// Singulars that the library leaves or spells otherwise than a class name would.
pluralize.addSingularRule(/^cookies$/i, 'cookie');
for (const word of ['skis', 'axes'] as const)
  pluralize.addSingularRule(new RegExp(`^${word}$`, 'i'), word.slice(0, -1));
// A word in s that is one thing: "gas" is no plural of "ga".
for (const word of ['tennis', 'lens', 'canvas', 'his', 'hers', 'its', 'this', 'was', 'has', 'is', 'as', 'us'])
  pluralize.addUncountableRule(word);

/** @param word in lower case */
export function singularOf(word: string): string {
  return pluralize.singular(word);
}

/** Words in their order, with `BREAK` between the parts of the text that no phrase reaches across. */
export function wordsOf(text: string): (Word | typeof BREAK)[] {
  const tokens = tagger.tag(clean(text));
  const words: (Word | typeof BREAK)[] = [];
  tokens.forEach(({ value, part }, i) => {
    if (value === '-') return; // tv-monitor is a tv monitor
    if (!/[\p{L}\p{N}]/u.test(value) || value.startsWith("'")) return void words.push(BREAK);
    const noun = part === 'NOUN' || part === 'PROPN';
    const attributive = part === 'ADJ' && isNoun(tokens[i + 1]?.part);
    for (const surface of split(value)) words.push({ surface, singular: singularOf(surface), noun, attributive });
  });
  return words;
}

/** Different singulars of the text's nouns, in their order. */
export function nounsOf(text: string): string[] {
  return [...new Set(wordsOf(text).flatMap((word) => (word?.noun ? [word.singular] : [])))];
}

const isNoun = (part: string | undefined): boolean => part === 'NOUN' || part === 'PROPN';

/** A run without a space longer than any name may be. */
const ENDLESS = /\S{1001,}/gu;
/** Four of one sign and more say what three say. */
const REPEATED = /([^\p{L}\p{N}\p{M}\s])\1{3,}/gu;

function clean(text: string): string {
  // The tagger takes capitals for names, and knows the straight apostrophe.
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\u2018\u2019\u02BC]/g, "'")
    .replace(/[\u2010-\u2012]/g, '-');
  return plain
    .replace(/[/\\|+&,;:()[\]]/g, ' $& ') // it leaves cat/dog as one word
    .replace(REPEATED, '$1$1$1')
    .replace(ENDLESS, ' . ') // its time grows with the square of a run, and no name is that long
    .replace(/\s+/g, ' ');
}

let segmenter: Intl.Segmenter | undefined;

/** Scripts without spaces, which the tagger leaves whole, word by word; `t.v.` as `tv`. */
function split(value: string): string[] {
  if (/^[\p{Script=Latin}\p{M}\p{N}.'_]+$/u.test(value)) return [value.replaceAll('.', '')];
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  return [...segmenter.segment(value)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
}
