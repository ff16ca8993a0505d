/** Flags of the command line → options of the API. The rules and messages are the API's. */

import { isPlainObject } from '../../checks/index.js';
import type { PaletteName } from '../../draw/index.js';
import { InvSegError } from '../../errors.js';
import type { EngineOptions, MethodOverrides, OutputOverrides } from '../../options/index.js';
import { engineTable, textKeys } from '../../options/index.js';
import type { LabelOrder } from '../../results/index.js';
import { parseJson } from '../../system/index.js';

/** Options that are text: `--set prompt.template={}` is no JSON object. */
const verbatim = new Set(textKeys());

/** A flag's text as the value it looks like; what is no JSON stays text, and the option's rule says what it thinks of it. */
export function parseValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/**
 * `['views.count=3', 'attention.training.16=1']` → `{ views: { count: 3 }, attention: { training: { 16: 1 } } }`
 * @throws {InvSegError} `INVALID_OPTION` for text without `=`
 */
export function parseSettings(settings: readonly string[]): Record<string, unknown> {
  const root = Object.create(null) as Record<string, unknown>;
  for (const setting of settings) {
    const at = setting.indexOf('=');
    if (at <= 0) {
      throw new InvSegError('INVALID_OPTION', `Expected key=value for --set but received ${JSON.stringify(setting)}`);
    }
    const name = setting.slice(0, at).trim();
    const path = name.split('.');
    const value = setting.slice(at + 1);
    let group = root;
    for (const key of path.slice(0, -1)) group = innerGroup(group, key);
    lay(group, path.at(-1)!, verbatim.has(name) ? value : parseValue(value));
  }
  return root;
}

/** The group of this name, its own and without a prototype: what a value of JSON inherits is never written to. */
function innerGroup(group: Record<string, unknown>, key: string): Record<string, unknown> {
  const there = Object.hasOwn(group, key) ? group[key] : undefined;
  const inner = Object.create(null) as Record<string, unknown>;
  if (isPlainObject(there)) for (const [name, value] of Object.entries(there)) define(inner, name, value);
  define(group, key, inner);
  return inner;
}

/** A group that is given as a whole keeps the members that were given before and are not in it. */
function lay(group: Record<string, unknown>, key: string, value: unknown): void {
  const there = Object.hasOwn(group, key) ? group[key] : undefined;
  if (!isPlainObject(there) || !isPlainObject(value)) return define(group, key, value);
  const inner = innerGroup(group, key);
  for (const [name, member] of Object.entries(value)) lay(inner, name, member);
}

/** Not an assignment: `__proto__` would change what the object inherits. */
function define(group: object, key: string, value: unknown): void {
  Object.defineProperty(group, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Flags as commander gives them. */
export interface SegmentFlags {
  categories?: string;
  model?: string;
  device?: string;
  dtype?: string;
  threads?: string;
  trustCode?: true;
  copyWeights?: true;
  method?: string;
  steps?: string;
  seed?: string;
  preset?: string;
  set: string[];
  palette: PaletteName;
  labels: LabelOrder;
  out: string;
  json?: true;
  saveMaps?: true;
  compareLoss?: true;
}

type MethodFlags = Pick<SegmentFlags, 'method' | 'preset' | 'steps' | 'seed' | 'set'>;

export function methodFlags(flags: MethodFlags): MethodOverrides {
  const { method, preset, steps, seed } = flags;
  const given = {
    method,
    preset,
    steps: steps === undefined ? undefined : parseValue(steps),
    seed: seed === undefined ? undefined : parseValue(seed),
  };
  const settings = parseSettings(flags.set);
  // One of two seeds would be ignored without a word: a flag's default is none that was given.
  for (const name of ['method', 'steps', 'seed', 'preset'] as const) {
    if (given[name] !== undefined && Object.hasOwn(settings, name)) {
      throw new InvSegError('INVALID_OPTION', `Expected ${name} once but received --${name} and --set ${name}=`);
    }
  }
  // Unchecked here: `resolveOptions` refuses what is wrong.
  return { ...settings, ...dropUndefined(given) } as MethodOverrides;
}

/** Flags of the engine, the same for every command that loads a model. */
export type EngineFlag = 'model' | 'device' | 'dtype' | 'threads' | 'trustCode' | 'copyWeights';

export function engineFlags(flags: Pick<SegmentFlags, EngineFlag>): Partial<EngineOptions> {
  const given = Object.entries(engineTable).map(([name, { rule }]) => {
    const text = (flags as Readonly<Record<string, unknown>>)[name];
    return [name, rule.type === 'number' && typeof text === 'string' ? parseValue(text) : text];
  });
  return dropUndefined(Object.fromEntries(given)) as Partial<EngineOptions>;
}

/** What a result is to bring beside the masks. */
export const outputFlags = ({
  saveMaps,
  compareLoss,
}: Pick<SegmentFlags, 'saveMaps' | 'compareLoss'>): OutputOverrides => dropUndefined({ saveMaps, compareLoss });

function dropUndefined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
