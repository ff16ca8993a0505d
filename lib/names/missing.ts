/** Pictures that a file of names does not know. */
import { InvSegError } from '../errors.js';
import type { NameSource } from './types.js';

/**
 * What an evaluation does with such a picture: leaves it out and counts it (a list is its own split, as it was for
 * those who published theirs), takes it as one for which nothing is named, or ends with `NAMES_NOT_FOUND`.
 */
export const missingRules = ['skip', 'empty', 'throw'] as const;
/**
 * What is done with images that a file of names does not know.
 *
 * @useDeclaredType
 */
export type MissingRule = (typeof missingRules)[number];

// The same words for every picture, so that a report counts them instead of listing them.
const WARNING = 'The file of names does not have this image: nothing is named in it';

/** @returns a source that names nothing in pictures that `source` does not know */
export function emptyWhereMissing(source: NameSource): NameSource {
  return {
    ...source,
    description: `${source.description}, nothing for pictures that are not in it`,
    async namesFor(item) {
      try {
        return await source.namesFor(item);
      } catch (error) {
        if (!(error instanceof InvSegError) || error.code !== 'NAMES_NOT_FOUND') throw error;
        return { names: [], origin: 'missing', warnings: [WARNING] };
      }
    },
  };
}

/**
 * A list of another data set knows none of the pictures: a mistake under every rule, and known before anything runs.
 * @throws {InvSegError} `NAMES_NOT_FOUND`
 */
export function requireSome(source: NameSource, ids: readonly string[]): void {
  if (!source.knows || ids.length === 0 || ids.some((id) => source.knows!(id))) return;
  throw new InvSegError(
    'NAMES_NOT_FOUND',
    `Expected names for the images of the data set but found none for any of ${ids.length}, such as ` +
      `${JSON.stringify(ids[0])}, in ${source.description}; was it made for another data set?`,
  );
}
