/** All sources of names, by the word that asks for them. */

import { isPlainObject, oneOf, pathText, record, refuse, rejectUnknown, show, someText } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { captionNames } from './captions.js';
import { diffsegmenterNames, imageSimilarityNames } from './diffsegmenter.js';
import { withFallback } from './fallback.js';
import { givenNames } from './given.js';
import { groundTruthNames } from './ground-truth.js';
import { emptyWhereMissing } from './missing.js';
import { precomputedNames } from './precomputed.js';
import type { NameItem, NameSource } from './types.js';
import type { VisionLanguageModels } from './vision-language.js';
import type { Vocabulary } from './vocabulary.js';

/** What sources are made of; each says what it lacks. */
export interface NameSourceParts {
  /** For `given`: a list, or one string with commas. */
  categories?: readonly string[] | string | undefined;
  /** For all others. */
  vocabulary?: Vocabulary | undefined;
  /** For `ground-truth`: false where label 0 is a class. */
  hasBackground?: boolean | undefined;
  /** For `captions`: a JSON file. */
  captions?: string | undefined;
  /** For `precomputed`: a JSON file. */
  precomputed?: string | undefined;
  /** For `captions` and `precomputed`, and images that the file does not have: an error (default), or no names. */
  missing?: 'throw' | 'empty' | undefined;
  /** For `diffsegmenter`, and for images whose captions name nothing. */
  models?: VisionLanguageModels | undefined;
}

/** Its keys; the compiler names one that is missing. */
export const partKeys: readonly string[] = Object.keys({
  categories: true,
  vocabulary: true,
  hasBackground: true,
  captions: true,
  precomputed: true,
  missing: true,
  models: true,
} satisfies Record<keyof NameSourceParts, true>);

type Make = (parts: NameSourceParts, vocabulary: Vocabulary) => NameSource | Promise<NameSource>;

/** Kind → how it is made, what it needs besides the vocabulary, and what it is. */
const registry = {
  given: {
    make: ({ categories }: NameSourceParts) => givenNames(categories),
    needs: 'categories',
    summary: 'those of --categories',
  },
  'ground-truth': {
    make: ({ hasBackground }, vocabulary) => groundTruthNames(vocabulary, hasBackground),
    needs: undefined,
    summary: 'the classes of the mask',
  },
  captions: {
    make: ({ captions, missing, models }, v) => fallBack(captionNames(captions!, v), missing, models, v),
    needs: 'captions',
    summary: 'found in captions',
  },
  precomputed: {
    make: ({ precomputed, missing }, v) => fallBack(precomputedNames(precomputed!, v), missing),
    needs: 'precomputed',
    summary: 'read from lists',
  },
  diffsegmenter: {
    make: ({ models }, vocabulary) => diffsegmenterNames(models!, vocabulary),
    needs: 'models',
    summary: 'computed from the image',
  },
} satisfies Record<string, { make: Make; needs: keyof NameSourceParts | undefined; summary: string }>;

/**
 * Where names come from: `given`, `ground-truth`, `captions`, `precomputed` or `diffsegmenter`.
 *
 * @useDeclaredType
 */
export type NameSourceKind = keyof typeof registry;
/** All kinds of sources. */
export const nameSourceKinds: readonly NameSourceKind[] = Object.freeze(Object.keys(registry) as NameSourceKind[]);
export const nameSourceSummary = (kind: NameSourceKind): string => registry[kind].summary;

const lacking: Readonly<Record<string, string>> = {
  categories: 'categories (--categories), the names to look for',
  vocabulary: 'a vocabulary (--vocabulary), such as voc',
  captions: 'a JSON file of captions (--captions)',
  precomputed: 'a JSON file of names (--precomputed)',
  models: 'models (--clip and --blip), the folders of CLIP ViT-L/14 and BLIP-large',
};

/**
 * Makes a source of names from parts that are open already. `openNameSource` opens them too.
 *
 * @param kind where the names come from
 * @param parts what that kind needs: `categories` for `given`, a `vocabulary` for all others, a file, models; an open data set
 * fits for `ground-truth`
 * @returns the source
 * @throws {InvSegError} `INVALID_OPTION` for a part that is missing or unknown; what the source says of its file
 * (`NAMES_NOT_FOUND`, `NAMES_INVALID`)
 * @example
 * ```ts
 * import { createNameSource, loadVocabulary } from 'invseg-native';
 *
 * const source = await createNameSource('captions', { vocabulary: await loadVocabulary('voc'), captions: 'captions.json' });
 * const { names } = await source.namesFor({ id: 'cat', imagePath: 'cat.jpg' });
 * console.log(names);
 * ```
 */
export async function createNameSource(kind: NameSourceKind, parts: NameSourceParts): Promise<NameSource> {
  const entry = typeof kind === 'string' && Object.hasOwn(registry, kind) ? registry[kind] : undefined;
  if (!entry)
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected ${nameSourceKinds.join(', ')} for names but received ${show(kind)}`,
    );
  record(parts, 'parts', 'an object with vocabulary, captions, …');
  // A data set has parts, and much besides.
  if (!(Symbol.asyncIterator in parts)) rejectUnknown(parts, partKeys);
  const { make, needs }: { make: Make; needs: keyof NameSourceParts | undefined } = entry;
  for (const part of kind === 'given' ? [needs] : ['vocabulary' as const, needs]) {
    if (part !== undefined && parts[part] === undefined) {
      throw new InvSegError('INVALID_OPTION', `Expected ${lacking[part]} for names ${kind} but received none`);
    }
  }
  const { captions, precomputed, vocabulary, missing } = parts;
  if (vocabulary !== undefined) checkVocabulary(vocabulary);
  if (missing !== undefined) oneOf('throw', 'empty').read(missing, 'missing');
  for (const [part, file] of Object.entries({ captions, precomputed }))
    if (file !== undefined) pathText.read(file, part);
  // Only `given` is made without a vocabulary, and does not look at it.
  const source = await make(parts, parts.vocabulary!);
  return { ...source, namesFor: async (item) => source.namesFor(checkItem(item)) };
}

/** @throws {InvSegError} `INVALID_OPTION` for what is no image with an id */
function checkItem(item: NameItem): NameItem {
  const { id, imagePath, loadMask } = record(item, 'the image', 'an object with id and imagePath');
  someText.read(id, 'id');
  if (imagePath !== undefined) pathText.read(imagePath, 'imagePath');
  if (loadMask !== undefined && typeof loadMask !== 'function') refuse('loadMask', 'a function', loadMask);
  return item;
}

/** By its parts: `loadVocabulary` makes one of a word such as voc. */
function checkVocabulary(value: unknown): void {
  const { classes, ignoredPhrases } = (isPlainObject(value) ? value : {}) as Partial<Vocabulary>;
  if (!Array.isArray(classes) || classes.length === 0 || !Array.isArray(ignoredPhrases))
    refuse('vocabulary', 'what loadVocabulary returns', value);
}

async function fallBack(
  source: Promise<NameSource>,
  missing: NameSourceParts['missing'],
  models?: VisionLanguageModels,
  vocabulary?: Vocabulary,
): Promise<NameSource> {
  const known = missing === 'empty' ? emptyWhereMissing(await source) : await source;
  return withFallback(known, models && vocabulary && imageSimilarityNames(models, vocabulary));
}
