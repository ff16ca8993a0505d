/** Names that the caller gives: the same for every picture. */
import { parseCategories } from '../text/index.js';
import type { NameSource } from './source.js';

/**
 * @param names a list, or one string with commas between the names; kept in their own order
 * @throws {InvSegError} `INVALID_CATEGORIES`, `TOO_MANY_CATEGORIES`
 */
export function givenNames(names: unknown): NameSource {
  const checked = parseCategories(names).slice(0, -1); // without the background, which every caller adds
  return {
    description: `given: ${checked.join(', ')}`,
    namesOf: () => Promise.resolve({ names: [...checked], origin: 'given', warnings: [] }),
  };
}
