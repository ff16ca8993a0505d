/** Names of a call that the model was never taught: their masks mean nothing, however high their score. */

import type { ModelFacts } from '../methods/index.js';
import type { MethodOptions } from '../options/index.js';
import { foldName, quote } from '../text/index.js';

/** Names that a warning lists; `info.model.names` has all. */
const LISTED = 20;

/**
 * @param categories of the prompts, the background last
 * @returns those that are not among the model's names; none where the model does not say what it knows
 */
export function unknownNames(
  { names = [] }: Pick<ModelFacts, 'names'>,
  categories: readonly string[],
  { background }: Pick<MethodOptions, 'background'>,
): string[] {
  if (names.length === 0) return [];
  const known = new Set(names.map(foldName));
  // Only the rule `word` says the background's name to the model.
  const spoken = background.rule === 'word' ? categories : categories.slice(0, -1);
  return spoken.filter((name) => !known.has(foldName(name)));
}

/** One line for the reader of a result. */
export function unknownNamesWarning(
  { name, names = [] }: Pick<ModelFacts, 'name' | 'names'>,
  unknown: readonly string[],
): string {
  const rest = names.length - LISTED;
  const known = names.slice(0, LISTED).join(', ') + (rest > 0 ? ` and ${rest} other names` : '');
  const [what, whose] = unknown.length === 1 ? ['a name', 'its mask means'] : ['names', 'their masks mean'];
  const listed =
    unknown.slice(0, LISTED).map(quote).join(', ') +
    (unknown.length > LISTED ? ` and ${unknown.length - LISTED} more` : '');
  return `The model ${name} was not taught ${what} that you gave: ${listed}; ${whose} nothing. It knows ${known}`;
}
