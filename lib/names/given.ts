/** The names that the caller passes, the same for every picture. */
import { BACKGROUND, foldName, parseCategories } from '../text/index.js';
import type { NameSource } from './types.js';

/**
 * @param categories a list, or one string with commas
 * @param background its name, which a caller may list too
 * @throws {InvSegError} `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`
 */
export function givenNames(categories: unknown, background: string = BACKGROUND): NameSource {
  const names = parseCategories(categories, background).filter((name) => foldName(name) !== foldName(background));
  return {
    description: `given: ${names.join(', ')}`,
    namesFor: async () => ({ names, origin: 'given', warnings: [] }),
  };
}
