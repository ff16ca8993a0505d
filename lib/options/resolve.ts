/** Caller's options → complete, checked options. */

import { isPlainObject, oneOf, refuse, rejectUnknown } from '../checks/index.js';
import { defaults, engineDefaults, presets } from './defaults.js';
import { engineDefinitions, methodDefinitions } from './definitions.js';
import { methodDefaults } from './method-defaults.js';
import type { EngineOptions, MethodOptions, MethodOverrides, ModelMethods } from './types.js';

const groups = new Set<string>(['crop', 'entropy', 'layers', 'refine', 'diffseg', 'iseg']);

/**
 * `over` laid on `base`; an undefined entry is as good as none, a nested group is merged key by key. A key is a property of its own,
 * whatever it is called: `__proto__` of a JSON object is an unknown option like any other.
 */
function layer(base: object, over: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map<string, unknown>(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || key === 'preset') continue;
    merged.set(key, groups.has(key) && isPlainObject(value) ? layer((merged.get(key) ?? {}) as object, value) : value);
  }
  return Object.fromEntries(merged);
}

/** What an object inherits is none of its options. */
const own = (values: object, key: string): unknown =>
  Object.hasOwn(values, key) ? (values as Record<string, unknown>)[key] : undefined;

function check<T>(values: object, definitions: { [K in keyof T]: { rule: { read(v: unknown, n: string): T[K] } } }): T {
  const read: Partial<T> = {};
  for (const key of Object.keys(definitions) as (keyof T & string)[]) {
    read[key] = definitions[key].rule.read(own(values, key), key);
  }
  return read as T;
}

/**
 * Defaults, then those of the method, then those of the model for it, then the preset, then `given`; all checked. With a preset
 * the model's are left out: it stands for an author's settings, whatever the model's own say.
 *
 * @param model `info.model.methods` of a segmenter; without it the result is that of a model that has none
 * @throws {InvSegError} `INVALID_OPTION` that names the option, what was expected and what came
 */
export function resolveOptions(given: MethodOverrides = {}, model: ModelMethods = {}): MethodOptions {
  if (!isPlainObject(given)) refuse('options', 'an object', given);
  rejectUnknown(given, [...Object.keys(methodDefinitions), 'preset']);
  const preset =
    given.preset === undefined ? {} : (presets[oneOf(...Object.keys(presets)).read(given.preset, 'preset')] ?? {});
  const method = methodDefinitions.method.rule.read(given.method ?? preset.method ?? defaults.method, 'method');
  const own = given.preset === undefined ? (model[method] ?? {}) : {};
  const layers = [methodDefaults[method], own, preset, given] as Record<string, unknown>[];
  return check<MethodOptions>(layers.reduce(layer, { ...defaults }), methodDefinitions);
}

/** The same for `Segmenter.open`. */
export function resolveEngineOptions(given: Partial<EngineOptions> = {}): EngineOptions {
  if (!isPlainObject(given)) refuse('options', 'an object', given);
  rejectUnknown(given, Object.keys(engineDefinitions));
  return check<EngineOptions>(layer(engineDefaults, given), engineDefinitions);
}
