/** Names → the prompts that a method reads, and which span belongs to which category. */
import { InvSegError } from '../errors.js';
import type { BackgroundWords } from './background-words.js';
import { backgroundWordLists } from './background-words.js';
import { parseCategories } from './names.js';
import type { Prompts } from './prompt.js';
import { buildPrompts } from './prompt.js';
import type { ClipTokenizer } from './tokenizer.js';

export interface PromptRequest {
  template: string;
  separator: string;
  background: {
    name: string;
    rule: 'word' | 'words' | 'threshold' | 'complement';
    words: BackgroundWords;
  };
  /** Text after the name, for all or by name; with the layout `each` only. */
  caption: string | Readonly<Record<string, string>>;
  /** One sentence of all names (the default), or a prompt for each. */
  layout?: 'together' | 'each';
  /** True by default. False: no names are no mistake. */
  needsNames?: boolean;
}

/** The names of one image as token ids. */
export interface PromptSet {
  /** [count × length] */
  ids: Int32Array;
  /** Number of prompts; more than one where the names do not fit into one, or each has its own. */
  count: number;
  /** Positions of a prompt, K. */
  length: number;
  /** [S × 3] prompt index, first sub-token position, number of sub-tokens. */
  spans: Int32Array;
  /** [S] category of each span; the background may have several spans, or none. */
  groups: Int32Array;
  /** [K] the prompt without text. */
  empty: Int32Array;
  /** Names as they are used, the background last; empty where none were given. */
  categories: string[];
  /** The prompts as text. */
  texts: string[];
  warnings: string[];
}

/** @throws {InvSegError} `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`, `NAME_TOO_LONG`, `INVALID_OPTION` */
export function planPrompts(tokenizer: ClipTokenizer, input: unknown, request: PromptRequest): PromptSet {
  const { layout = 'together', needsNames = true } = request;
  const { name: background, rule, words: asked } = request.background;
  const { length, bos, eos, pad } = tokenizer;
  const empty = new Int32Array(length).fill(pad);
  empty.set([bos, eos]);
  if (input === undefined && !needsNames) {
    const none = new Int32Array();
    return {
      ids: empty,
      count: 1,
      length,
      spans: none,
      groups: none,
      empty,
      categories: [],
      texts: [''],
      warnings: [],
    };
  }
  const categories = parseCategories(input, background);
  const names = rule === 'word' ? categories : categories.slice(0, -1);
  const taken = new Set(categories.map((name) => name.toLowerCase()));
  const words = listWords(asked).filter((word) => !taken.has(word.toLowerCase()));
  if (rule === 'words' && words.length === 0) {
    throw new InvSegError(
      'INVALID_OPTION',
      'Expected words in background.words for the rule "words" but received none',
    );
  }
  const spoken = rule === 'words' ? [...names, ...words] : names;
  const built =
    layout === 'each'
      ? buildEach(tokenizer, spoken, request)
      : buildTogether(tokenizer, spoken, request, rule === 'words' ? [] : words);
  const texts = built.prompts.map(({ text }) => text);
  const split = `The names did not fit into one prompt of ${length - 2} sub-tokens; ${texts.length} were used`;
  return {
    ids: built.ids,
    count: texts.length,
    length,
    spans: built.spans,
    groups: Int32Array.from(spoken, (_, i) => Math.min(i, categories.length - 1)),
    empty,
    categories,
    texts,
    warnings: layout === 'together' && texts.length > 1 ? [split] : [],
  };
}

function listWords(words: BackgroundWords): readonly string[] {
  return typeof words === 'string' ? backgroundWordLists[words] : words;
}

/** One sentence, with as many of the words behind it as leave it one. */
function buildTogether(
  tokenizer: ClipTokenizer,
  names: readonly string[],
  { template, separator }: PromptRequest,
  words: readonly string[],
): Prompts {
  return shrink(words.length, (count) => {
    const longer = [template, ...words.slice(0, count)].join(', ');
    const built = buildPrompts(tokenizer, names, { template: longer, separator });
    return count === 0 || built.prompts.length === 1 ? built : undefined;
  });
}

/** A prompt for each name; a caption loses its last words where it is too long. */
function buildEach(tokenizer: ClipTokenizer, names: readonly string[], { template, caption }: PromptRequest): Prompts {
  const each = names.map((name) => {
    const words = remainder(caption, template, name);
    return shrink(words.length, (count) =>
      buildPrompts(tokenizer, [name], { template: [template, ...words.slice(0, count)].join(' ') }),
    );
  });
  const { length } = tokenizer;
  const ids = new Int32Array(each.length * length);
  const spans = new Int32Array(each.length * 3);
  each.forEach((one, p) => {
    ids.set(one.ids, p * length);
    spans.set([p, ...one.spans.subarray(1, 3)], p * 3);
  });
  return { prompts: each.flatMap(({ prompts }) => prompts), ids, spans, tokens: each.flatMap(({ tokens }) => tokens) };
}

/** Words of the caption after the name; a caption that repeats the prompt's beginning is read from there. */
function remainder(caption: PromptRequest['caption'], template: string, name: string): string[] {
  const text = typeof caption === 'string' ? caption : (caption[name] ?? '');
  const start = template.replace('{}', () => name).toLowerCase();
  const rest = text.trim().toLowerCase().startsWith(start) ? text.trim().slice(start.length) : text;
  return rest.replace(/[{}]/g, ' ').split(/\s+/).filter(Boolean);
}

/** The result with the largest count for which `build` gives one; what fails with a count of 0 is thrown. */
function shrink(most: number, build: (count: number) => Prompts | undefined): Prompts {
  for (let count = most; count > 0; count--) {
    try {
      const built = build(count);
      if (built) return built;
    } catch (error) {
      if (!(error instanceof InvSegError)) throw error;
    }
  }
  return build(0)!;
}
