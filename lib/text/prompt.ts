/** Names → prompt(s) → token ids and a span for each category. */

import { InvSegError } from '../errors.js';
import { quote } from './names.js';
import { type ClipTokenizer, normalise } from './tokenizer.js';

export interface PromptOptions {
  /** `{}` stands for the joined names; default: nothing but the names, the paper's sentence. */
  template?: string | undefined;
  /** Between two names; default one space. */
  separator?: string | undefined;
}

export interface Prompt {
  /** The sentence as it was put together. */
  text: string;
  /** [K] start, sub-tokens, end, padding. */
  ids: Int32Array;
}

export interface Prompts {
  prompts: Prompt[];
  /** [P × K] the prompts' ids one after another. */
  ids: Int32Array;
  /** [C × 3] prompt index, first position (the start token has position 0), number of sub-tokens. */
  spans: Int32Array;
  /** [C] the sub-tokens of each category in the vocabulary's spelling (`plant</w>`). */
  tokens: string[][];
}

interface Layout {
  text: string;
  ids: number[];
  /** For each name: first sub-token (without the start token) and how many. */
  spans: { first: number; count: number; tokens: string[] }[];
}

const PLACE = '{}';

/**
 * Puts the names into as few prompts as hold them, in their order. Where they do not fit into one prompt of K − 2
 * sub-tokens, the next prompt begins with the first name that does not fit: none is split and none is dropped.
 *
 * @param categories the final list (see `parseCategories`), the background last
 * @throws InvSegError `NAME_TOO_LONG` for a name that fills a prompt alone; `INVALID_OPTION` for a template without
 * `{}`, a special token in template or separator, or when they join a name with its neighbour; `INVALID_CATEGORIES` for
 * a name with a special token or without any sub-token.
 */
export function buildPrompts(
  tokenizer: ClipTokenizer,
  categories: readonly string[],
  options: PromptOptions = {},
): Prompts {
  const template = options.template ?? '{}';
  const separator = options.separator ?? ' ';
  checkParts(tokenizer, template, separator, categories);
  const room = tokenizer.length - 2;
  const layouts: Layout[] = [];
  let current: Layout | undefined;
  let names: string[] = [];
  for (const name of categories) {
    const longer: Layout | undefined = current && layOut(tokenizer, [...names, name], template, separator);
    if (longer && longer.ids.length <= room) {
      names.push(name);
      current = longer;
      continue;
    }
    if (current) layouts.push(current);
    names = [name];
    current = layOut(tokenizer, names, template, separator);
    if (current.ids.length > room) throw tooLong(tokenizer, name, current, room, template);
  }
  if (current) layouts.push(current);
  return assemble(tokenizer, layouts);
}

function checkParts(
  tokenizer: ClipTokenizer,
  template: string,
  separator: string,
  categories: readonly string[],
): void {
  if (template.split(PLACE).length !== 2) {
    throw new InvSegError('INVALID_OPTION', `Expected {} once in template but received ${quote(template)}`);
  }
  for (const [option, text] of [
    ['template', template],
    ['separator', separator],
  ] as const) {
    const special = tokenizer.specialIn(text);
    if (special !== undefined) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected plain text for ${option} but ${quote(text)} has the special token ${special}`,
      );
    }
  }
  for (const name of categories) {
    const special = tokenizer.specialIn(name);
    if (special !== undefined) {
      throw new InvSegError(
        'INVALID_CATEGORIES',
        `Expected plain text for a category but ${quote(name)} has the special token ${special}`,
      );
    }
  }
}

/**
 * Tokenises the whole sentence, as the text encoder sees it, and finds each name in it by its place in the cleaned
 * text: a sub-token belongs to a name where the two overlap.
 */
function layOut(tokenizer: ClipTokenizer, names: readonly string[], template: string, separator: string): Layout {
  const [before, after] = template.split(PLACE) as [string, string];
  const text = before + names.join(separator) + after;
  // The clean-up of a sentence is that of its parts unless characters join across a border (a name that begins with a
  // combining accent) or white space does (a name after "photo  of "), which leaves the places unknown.
  const gap = normalise(separator);
  const places: { start: number; end: number }[] = [];
  let clean = normalise(before);
  for (const [i, name] of names.entries()) {
    if (i > 0) clean += gap;
    const start = clean.length;
    clean += normalise(name);
    places.push({ start, end: clean.length });
  }
  if (clean + normalise(after) !== normalise(text)) throw noBoundary(names[0]!, template, separator);

  const tokens = tokenizer.tokenise(text);
  let at = 0;
  const spans = places.map(({ start, end }, i) => {
    while (at < tokens.length && tokens[at]!.end <= start) at++;
    const first = at;
    while (at < tokens.length && tokens[at]!.start < end) at++;
    if (at === first) {
      throw new InvSegError(
        'INVALID_CATEGORIES',
        `Expected a name that makes tokens for a category but ${quote(names[i]!)} makes none`,
      );
    }
    const next = places[i + 1];
    // One sub-token of two names: `cat` and `dog` with an empty separator.
    if (next && tokens[at - 1]!.end > next.start) throw noBoundary(names[i]!, template, separator);
    return { first, count: at - first, tokens: tokens.slice(first, at).map((token) => tokenizer.token(token.id)) };
  });
  return { text, ids: tokens.map((token) => token.id), spans };
}

function assemble(tokenizer: ClipTokenizer, layouts: readonly Layout[]): Prompts {
  const length = tokenizer.length;
  const count = layouts.reduce((sum, layout) => sum + layout.spans.length, 0);
  const ids = new Int32Array(layouts.length * length).fill(tokenizer.pad);
  const spans = new Int32Array(count * 3);
  const tokens: string[][] = [];
  const prompts = layouts.map((layout, p) => {
    const row = ids.subarray(p * length, (p + 1) * length);
    row.set([tokenizer.bos, ...layout.ids, tokenizer.eos]);
    for (const span of layout.spans) {
      spans.set([p, span.first + 1, span.count], tokens.length * 3);
      tokens.push(span.tokens);
    }
    return { text: layout.text, ids: row.slice() };
  });
  return { prompts, ids, spans, tokens };
}

function tooLong(tokenizer: ClipTokenizer, name: string, layout: Layout, room: number, template: string): InvSegError {
  const own = layout.spans[0]!.count;
  const rest = layout.ids.length - own;
  if (rest >= room) {
    return new InvSegError(
      'INVALID_OPTION',
      `Expected a template that leaves room for a name but ${quote(template)} fills ${rest} of ${room} sub-tokens`,
    );
  }
  const around = rest > 0 ? `, with the template's ${layout.ids.length}` : '';
  return new InvSegError(
    'NAME_TOO_LONG',
    `Category ${quote(name)} has ${own} sub-tokens${around}; a prompt of ${tokenizer.length} positions holds ${room}`,
  );
}

function noBoundary(name: string, template: string, separator: string): InvSegError {
  return new InvSegError(
    'INVALID_OPTION',
    `Expected a separator and a template that keep names apart but separator ${quote(separator)} and template ` +
      `${quote(template)} join category ${quote(name)} with its neighbour`,
  );
}
