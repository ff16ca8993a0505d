/** Caller's options → complete, checked options. */
import { isPlainObject, oneOf, refuse, rejectUnknown } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { defaults, engineDefaults, outputDefaults, presets } from './defaults.js';
import type { EngineOptions, MethodOptions, OutputOptions } from './generated.js';
import { methodDefaults } from './method-defaults.js';
import type { Table } from './row.js';
import { isGroup, leaves } from './row.js';
import { engineTable, methodTable, outputTable } from './table.js';
import type { MethodOverrides, ModelMethods, OutputOverrides } from './types.js';

/**
 * `over` laid on `base`; an undefined entry is as good as none, a group is merged key by key. A key is a property of its own,
 * whatever it is called: `__proto__` of a JSON object is an unknown option like any other.
 */
function layer(base: object, over: object, table: Table): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || key === 'preset') continue;
    const entry = Object.hasOwn(table, key) ? table[key] : undefined;
    const inner = entry !== undefined && isGroup(entry) && isPlainObject(value);
    merged.set(key, inner ? layer((merged.get(key) ?? {}) as object, value, entry.members) : value);
  }
  return Object.fromEntries(merged);
}

/** What an object inherits is none of its options. */
const own = (values: object, key: string): unknown =>
  Object.hasOwn(values, key) ? (values as Record<string, unknown>)[key] : undefined;

/** Reads complete values by the rules of their rows. */
function read(table: Table, values: unknown, prefix = ''): Record<string, unknown> {
  const keys = Object.keys(table);
  const name = prefix.slice(0, -1);
  if (!isPlainObject(values)) refuse(name, `an object with some of ${keys.join(', ')}`, values);
  refuseUnknown(table, values, prefix);
  return Object.fromEntries(
    Object.entries(table).map(([key, entry]) => {
      const value = own(values, key);
      if (!isGroup(entry)) return [key, entry.rule.read(value, `${prefix}${key}`)];
      const inner = read(entry.members, value, `${prefix}${key}.`);
      entry.check?.(inner, `${prefix}${key}`);
      return [key, inner];
    }),
  );
}

/** An option that stands in a group is often given without it: its full name is said. */
function refuseUnknown(table: Table, values: object, prefix: string, others: readonly string[] = []): void {
  const known = [...Object.keys(table), ...others];
  const key = Object.keys(values).find((name) => !known.includes(name));
  if (key === undefined) return;
  const elsewhere = leaves(methodTable).filter(({ path }) => path.at(-1) === key && path.length > 1);
  if (elsewhere.length > 0 && !leaves(table).some(({ path }) => path[0] === key)) {
    const names = elsewhere.map((leaf) => leaf.key).join(' or ');
    throw new InvSegError('INVALID_OPTION', `Unknown option ${prefix}${key}. Did you mean ${names}?`);
  }
  const place = prefix === '' ? placeOf(key) : undefined;
  if (place !== undefined) throw new InvSegError('INVALID_OPTION', `Unknown option ${key} of the method. ${place}`);
  rejectUnknown(values, known, prefix);
}

/** Where an option belongs that is none of the method's. */
function placeOf(key: string): string | undefined {
  for (const [table, what, call] of [
    [outputTable, 'the result', 'segment'],
    [engineTable, 'the engine', 'Segmenter.open'],
  ] as const) {
    const entry = Object.hasOwn(table, key) ? (table as Table)[key] : undefined;
    if (entry === undefined || isGroup(entry)) continue;
    const flag = entry.flag?.match(/--[a-z-]+/)?.[0];
    return `It is one of ${what}: ${flag === undefined ? '' : `the flag ${flag}, or `}an option of ${call}`;
  }
  return undefined;
}

/**
 * Completes and checks options: defaults, then those of the method, then those of the model for it, then the preset,
 * then `given`. With a preset the model's are left out: it stands for an author's settings, whatever the model's own
 * say.
 *
 * @param given what should differ
 * @param model `info.model.methods` of a segmenter; without it the result is that of a model that has none
 * @returns every option, as a result and a report carry them
 * @throws {InvSegError} `INVALID_OPTION` that names the option, what was expected and what came
 * @example
 * ```ts
 * import { resolveOptions } from 'invseg-native';
 *
 * console.log(resolveOptions({ steps: 5, views: { count: 4 } }).views.crop.min); // 0.6
 * ```
 */
export function resolveOptions(given: MethodOverrides = {}, model: ModelMethods = {}): MethodOptions {
  if (!isPlainObject(given)) refuse('options', 'an object', given);
  refuseUnknown(methodTable, given, '', ['preset']);
  const preset: MethodOverrides =
    given.preset === undefined
      ? {}
      : ((presets[oneOf(...Object.keys(presets)).read(given.preset, 'preset')] as MethodOverrides | undefined) ?? {});
  const method = methodTable.method.rule.read(given.method ?? preset.method ?? defaults.method, 'method');
  const models = given.preset === undefined ? (model[method] ?? {}) : {};
  const layers: object[] = [methodDefaults[method], models, preset, given];
  const complete = layers.reduce<object>((base, over) => layer(base, over, methodTable), defaults);
  return read(methodTable, complete) as unknown as MethodOptions;
}

/**
 * Lays later options over earlier ones, group by group; spreading them would lose the earlier members of a group.
 *
 * @param all options in part, the last one on top
 * @returns options in part
 * @throws {InvSegError} `INVALID_OPTION` for what is no object
 * @example
 * ```ts
 * import { mergeOverrides } from 'invseg-native';
 *
 * const merged = mergeOverrides({ views: { count: 4 } }, { views: { fresh: 'perImage' } });
 * console.log(merged); // { views: { count: 4, fresh: 'perImage' } }
 * ```
 */
export function mergeOverrides(...all: readonly MethodOverrides[]): MethodOverrides {
  for (const one of all) if (!isPlainObject(one)) refuse('options', 'an object', one);
  const preset = all.findLast((one) => one.preset !== undefined)?.preset;
  const merged = all.reduce<object>((base, over) => layer(base, over, methodTable), {});
  return { ...merged, ...(preset !== undefined && { preset }) };
}

/** The same for what comes with a result. @throws {InvSegError} `INVALID_OPTION` */
export function resolveOutput(given: OutputOverrides = {}): OutputOptions {
  if (!isPlainObject(given)) refuse('options', 'an object', given);
  return read(outputTable, layer(outputDefaults, given, outputTable)) as unknown as OutputOptions;
}

/**
 * Completes and checks the options of `Segmenter.open`.
 *
 * @param given what should differ
 * @returns every option
 * @throws {InvSegError} `INVALID_OPTION` that names the option, what was expected and what came
 * @example
 * ```ts
 * import { resolveEngineOptions } from 'invseg-native';
 *
 * console.log(resolveEngineOptions({ threads: 4 }).device); // auto
 * ```
 */
export function resolveEngineOptions(given: Partial<EngineOptions> = {}): EngineOptions {
  if (!isPlainObject(given)) refuse('options', 'an object', given);
  return read(engineTable, layer(engineDefaults, given, engineTable)) as unknown as EngineOptions;
}
