/** Names that another program has listed for each picture, in DiffSegmenter's JSON. */
import path from 'node:path';
import type { Field } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { BACKGROUND, foldName } from '../text/index.js';
import { digestOf, readJson } from './json.js';
import { addOnce, imageKey } from './keys.js';
import { NameMatcher } from './matcher.js';
import type { NameSource } from './types.js';
import type { Vocabulary } from './vocabulary.js';

/** The lists that a file may have: names in the caption, close to the picture, close to the caption's nouns. */
const nameLists = ['synonym_matching', 'image_similarity', 'text_similarity'] as const;

/** Those whose union the published method takes. */
const publishedLists: readonly (typeof nameLists)[number][] = ['image_similarity', 'text_similarity'];

/** At most so many unknown names are spelt out. */
const SHOWN = 20;

/** Names of each picture, resolved. */
export interface NamesFile {
  /** Key of the picture (`imageKey`) → indices in the vocabulary, ascending. */
  pictures: Map<string, number[]>;
}

/**
 * @param file `{ "image_similarity": { "picture": ["name", …] }, "text_similarity": …, "synonym_matching": … }`; pictures
 * are paths, names of files or ids, and are compared by their base names
 * @throws {InvSegError} `NAMES_NOT_FOUND`; `NAMES_INVALID` also for names that the vocabulary lacks, with their counts
 */
export async function precomputedNames(file: string, vocabulary: Vocabulary): Promise<NameSource> {
  const json = await readJson(file, 'lists of names');
  const { pictures } = parseNames(json, vocabulary);
  return {
    description: `${publishedLists.join(' and ')} of ${path.basename(file)} (${pictures.size} pictures, ${digestOf(json)}), vocabulary ${vocabulary.name}`,
    knows: (id) => pictures.has(imageKey(id)),
    async namesFor({ id }) {
      const indices = pictures.get(imageKey(id));
      if (!indices) throw new InvSegError('NAMES_NOT_FOUND', `${file}: there are no names for ${JSON.stringify(id)}`);
      return { names: indices.map((index) => vocabulary.classes[index]!.prompt), origin: 'precomputed', warnings: [] };
    },
  };
}

/** @throws {InvSegError} `NAMES_INVALID`: another shape, a list of the two that are taken and not there, unknown names with counts */
export function parseNames(top: Field, vocabulary: Vocabulary): NamesFile {
  top.record(`an object with ${nameLists.join(', ')}`);
  top.only(nameLists);
  const resolver = new Resolver(vocabulary);
  const union = new Map<string, Set<number>>();
  for (const list of nameLists) {
    const at = top.at(list);
    const wanted = publishedLists.includes(list);
    if (!at.present) {
      if (wanted) at.error(`expected ${publishedLists.join(' and ')} but there is no ${list}`);
      continue;
    }
    // A list that is not taken is checked too: its mistakes tell that the vocabulary is the wrong one.
    for (const [key, indices] of readList(at, resolver)) {
      const all = union.get(key) ?? new Set();
      union.set(key, all);
      if (wanted) for (const index of indices) all.add(index);
    }
  }
  resolver.check(top, vocabulary);
  if (union.size === 0) top.error('expected names of images but found none');
  return { pictures: new Map([...union].map(([key, indices]) => [key, [...indices].sort((a, b) => a - b)])) };
}

function readList(list: Field, resolver: Resolver): Map<string, number[]> {
  const pictures = new Map<string, number[]>();
  for (const [key, entry] of list.entries('an object with one entry per image')) {
    const indices = entry.list('a list of names').flatMap((name) => resolver.resolve(name.text('a name')) ?? []);
    addOnce(pictures, key, indices, entry);
  }
  return pictures;
}

class Resolver {
  readonly #matcher: NameMatcher;
  readonly #known = new Map<string, number | undefined>();
  /** Unknown name → how often. */
  readonly #unknown = new Map<string, number>();
  #names = 0;

  constructor(vocabulary: Vocabulary) {
    this.#matcher = new NameMatcher(vocabulary);
  }

  /** The background is in every prompt anyway. */
  resolve(name: string): number | undefined {
    this.#names++;
    if (!this.#known.has(name)) this.#known.set(name, this.#matcher.resolve(name));
    const index = this.#known.get(name);
    if (index === undefined && foldName(name.trim()) !== BACKGROUND)
      this.#unknown.set(name, (this.#unknown.get(name) ?? 0) + 1);
    return index;
  }

  check(top: Field, { name }: Vocabulary): void {
    if (this.#unknown.size === 0) return;
    const counts = [...this.#unknown].sort(([, a], [, b]) => b - a);
    const shown = counts.slice(0, SHOWN).map(([word, count]) => `${JSON.stringify(word.slice(0, 60))} ${count}×`);
    const rest = counts.length > SHOWN ? `, and ${counts.length - SHOWN} more` : '';
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    throw new InvSegError(
      'NAMES_INVALID',
      `${top.source.file}: ${total} of ${this.#names} names are not in the vocabulary ${name}: ${shown.join(', ')}${rest}. ` +
        'Add them as synonyms or aliases to a vocabulary of your own, or choose the one that the file was made with',
    );
  }
}
