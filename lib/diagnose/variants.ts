/**
 * The open choices of the method, one variant each: a name and what it changes. What a variant leaves out stays as the caller's
 * options have it.
 */

import { deepFreeze, isPlainObject, pathText, refuse } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { MethodOptions, MethodOverrides } from '../options/index.js';
import { optionsOf, resolveOptions } from '../options/index.js';
import { LIMITS, parseJson, readText } from '../system/index.js';

/** An open choice of the method: a name and what it changes. */
export interface Variant {
  /** For tables; each name once. */
  name: string;
  /** Options that differ from the caller's. */
  overrides: MethodOverrides;
}

/** The options as they are; every other variant differs from it in one thing. */
export const DEFAULT_VARIANT = 'default';

/** The variants that `diagnose` tries where none are named; the first changes nothing. */
export const defaultVariants: readonly Variant[] = deepFreeze<Variant[]>([
  { name: DEFAULT_VARIANT, overrides: {} },
  { name: 'paper', overrides: { preset: 'paper' } },
  // Steps and step size: do less where the loss misleads.
  { name: 'lr 0.001', overrides: { adam: { learningRate: 0.001 } } },
  { name: 'lr 0.003', overrides: { adam: { learningRate: 0.003 } } },
  { name: 'lr 0.03', overrides: { adam: { learningRate: 0.03 } } },
  { name: '5 steps', overrides: { steps: 5 } },
  // The parts of the loss.
  { name: 'cluster only', overrides: { loss: { alpha: 0 } } },
  { name: 'entropy only', overrides: { loss: { clusterWeight: 0 } } },
  { name: 'alpha 0.1', overrides: { loss: { alpha: 0.1 } } },
  { name: 'alpha 10', overrides: { loss: { alpha: 10 } } },
  { name: 'entropy l1', overrides: { loss: { entropy: { normalise: 'l1' } } } },
  { name: 'entropy softmax', overrides: { loss: { entropy: { normalise: 'softmax' } } } },
  { name: 'entropy sum', overrides: { loss: { entropy: { reduce: 'sum' } } } },
  { name: 'entropy overlap', overrides: { loss: { entropy: { region: 'overlap' } } } },
  // The anchors (eq. 5) and the pairs (eq. 7).
  { name: 'anchor centre 0.25', overrides: { loss: { anchorCentre: 0.25 } } },
  { name: 'anchor centre 0.75', overrides: { loss: { anchorCentre: 0.75 } } },
  { name: 'anchor scale 2', overrides: { loss: { anchorScale: 2 } } },
  { name: 'anchor scale 16', overrides: { loss: { anchorScale: 16 } } },
  { name: 'pairs symmetric', overrides: { loss: { interPairs: 'symmetric' } } },
  // Where the maps come from, and in which frame they are compared.
  { name: 'all resolutions', overrides: { attention: { training: 'proportional' } } },
  { name: 'frame latent', overrides: { attention: { frame: 'latent' } } },
  { name: 'cross min-max', overrides: { attention: { crossScale: 'min-max' } } },
  { name: 'refine twice', overrides: { attention: { refineIterations: 2 } } },
  // What is learnt, and along which gradient.
  { name: 'train all but SOS', overrides: { prompt: { trainable: 'all-but-sos' } } },
  { name: 'distance constant', overrides: { loss: { gradient: 'distance-constant' } } },
  { name: 'self constant', overrides: { loss: { gradient: 'self-constant' } } },
  { name: 'keys only', overrides: { loss: { gradient: 'keys-only' } } },
  // The views.
  { name: 'views per image', overrides: { views: { fresh: 'perImage' } } },
  { name: '4 views', overrides: { views: { count: 4 } } },
  { name: 'timesteps 5–100', overrides: { views: { timesteps: [5, 100] } } },
]);

/** The resolutions that the loop reads, one at a time and with their neighbour (the paper's Table 5). */
export function resolutionVariants(sides: readonly number[]): Variant[] {
  const single = sides.map((side) => ({
    name: `training ${side}`,
    overrides: { attention: { training: { [side]: 1 } } },
  }));
  const pairs = sides.slice(1).map((side, i) => ({
    name: `training ${sides[i]}+${side}`,
    overrides: { attention: { training: { [sides[i]!]: 1, [side]: 1 } } },
  }));
  return [...single, ...pairs];
}

/** The same text for two variants whose prediction without the loop is the same. */
export const baselineKey = (options: MethodOptions): string => JSON.stringify(optionsOf('prediction', options));

/** The same text for two variants whose loss is the same function of the prompt. */
export const lossKey = (options: MethodOptions): string => JSON.stringify(optionsOf('loss', options));

/**
 * The variants that a caller named. The default comes first, whether it was named or not.
 *
 * @param text names of variants with commas between them, `all`, or a JSON file with `[{ "name": …, "overrides": { … }
 * }]`
 * @param resolutions of the model, for the variants of Table 5
 * @returns variants for `diagnose`
 * @throws {InvSegError} `INVALID_OPTION`
 * @example
 * ```ts
 * import { chooseVariants } from 'invseg-native/explain';
 *
 * const variants = await chooseVariants('alpha 10, 4 views', [32, 16]);
 * console.log(variants.map(({ name }) => name)); // [ 'default', 'alpha 10', '4 views' ]
 * ```
 */
export async function chooseVariants(text: string, resolutions: readonly number[]): Promise<Variant[]> {
  pathText.read(text, 'variants');
  if (!Array.isArray(resolutions)) refuse('resolutions', "a list of the model's", resolutions);
  const known = [...defaultVariants, ...resolutionVariants(resolutions)];
  const chosen = text.endsWith('.json')
    ? await readVariants(text)
    : text === 'all'
      ? known
      : named(text.split(','), known);
  const others = chosen.filter(({ name }) => name !== DEFAULT_VARIANT);
  return [defaultVariants[0]!, ...others];
}

function named(names: readonly string[], known: readonly Variant[]): Variant[] {
  return names.map((part) => {
    const variant = known.find(({ name }) => name === part.trim());
    if (variant) return variant;
    const all = known.map(({ name }) => name).join(', ');
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected some of ${all}, "all" or a .json file for variants but received "${part.trim()}"`,
    );
  });
}

async function readVariants(file: string): Promise<Variant[]> {
  const fail = (what: string): never => {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected [{ "name": …, "overrides": { … } }] in the file of variants ${file} but ${what}`,
    );
  };
  let value: unknown;
  try {
    value = parseJson(await readText(file, LIMITS.manifest));
  } catch (error) {
    fail(`it cannot be read: ${(error as Error).message}`);
  }
  return checkVariants(value, fail);
}

/**
 * @param fail says where the list came from @returns the variants, their options read once
 * @throws {InvSegError} `INVALID_OPTION`, from `fail` or for options that no call takes
 */
export function checkVariants(value: unknown, fail: (what: string) => never): Variant[] {
  if (!Array.isArray(value) || value.length === 0) return fail('it holds no list');
  const seen = new Set<string>();
  return value.map((entry: unknown, i) => {
    if (!isPlainObject(entry) || typeof entry['name'] !== 'string' || !isPlainObject(entry['overrides']))
      return fail(`entry ${i} is something else`);
    if (seen.has(entry['name'])) return fail(`the name "${entry['name']}" stands there twice`);
    seen.add(entry['name']);
    resolveOptions(entry['overrides']); // refuses what no option allows
    return { name: entry['name'], overrides: entry['overrides'] };
  });
}
