/**
 * Keys of the prototype chain in whatever is merged or read: they are properties like any other, and nobody inherits
 * them.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { methodFlags, parseSettings } from '../../lib/cli/flags/options.js';
import { resolveDatasetOptions } from '../../lib/datasets/options.js';
import { differences } from '../../lib/journal/differences.js';
import { parseCaptions } from '../../lib/names/captions.js';
import { parseJson as parseNamesJson } from '../../lib/names/json.js';
import { readVocabulary } from '../../lib/names/vocabulary.js';
import { defaults, engineDefaults, resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { parseJson } from '../../lib/system/json.js';
import { checkManifest, makeManifest } from '../models/model-folders.js';

const before = JSON.stringify(
  [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).map(String)),
);
const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'polluted'];
const known = [
  'views',
  'crop',
  'loss',
  'entropy',
  'attention',
  'layers',
  'refine',
  'prompt',
  'caption',
  'training',
  'min',
  'max',
  'rule',
  'heads',
  'x',
  '16',
];
const key = fc.oneof(fc.constantFrom(...names), fc.constantFrom(...known));
/** Text, so that `__proto__` is written as a file would. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('1', '0.5', 'true', 'null', '"all"', '"bundle"', '{}', '[]'),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  ),
})).value;
const setting = fc
  .tuple(fc.array(key, { minLength: 1, maxLength: 4 }), json)
  .map(([path, value]) => `${path.join('.')}=${value}`);

/** Nothing is inherited that is not everybody's, at any depth. */
function plain(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  expect([Object.prototype, Array.prototype, Map.prototype, null].includes(Object.getPrototypeOf(value))).toBe(true);
  for (const inner of Object.values(value)) plain(inner);
}

function attempt(work: () => unknown): void {
  try {
    plain(work());
  } catch (error) {
    expect((error as Error).name).toBe('InvSegError');
  }
  const after = JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).map(String)),
  );
  expect(after).toBe(before);
}

it('of settings on the command line', () => {
  fc.assert(
    fc.property(fc.array(setting, { maxLength: 4 }), (set) => {
      attempt(() => parseSettings(set));
      attempt(() => resolveOptions(methodFlags({ set })));
    }),
    { numRuns: 2000 },
  );
});

it('of the setting that wrote to every object', () => {
  expect(() => resolveOptions(methodFlags({ set: ['views={}', 'views.__proto__.x=1'] }))).toThrow(
    'Unknown option views.__proto__',
  );
  expect(() => resolveOptions(methodFlags({ set: ['__proto__.steps=3'] }))).toThrow('Unknown option __proto__');
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

it('of options, engine options and data sets, as JSON and laid over the defaults', () => {
  fc.assert(
    fc.property(json, key, (text, name) => {
      const value = parseJson(text);
      const inside = { [name]: value };
      const options: unknown[] = [value, inside, { ...defaults, ...inside }];
      for (const given of options) {
        attempt(() => resolveOptions(given as object));
        attempt(() => resolveEngineOptions(given as object));
        attempt(() => resolveEngineOptions({ ...engineDefaults, ...(given as object) }));
        attempt(() => resolveDatasetOptions(given as never));
      }
    }),
    { numRuns: 1000 },
  );
});

it('of a group that would inherit what is given: it is an unknown option', () => {
  expect(() => resolveOptions(parseJson('{"views":{"__proto__":{"count":3}}}') as object)).toThrow(
    'Unknown option views.__proto__',
  );
  expect(() => resolveOptions(parseJson('{"__proto__":{"steps":3}}') as object)).toThrow('Unknown option __proto__');
});

it('of manifests, names and records', () => {
  const manifest = makeManifest();
  fc.assert(
    fc.property(json, fc.constantFrom(...Object.keys(manifest), '__proto__'), (text, field) => {
      const fields = { ...manifest };
      delete fields[field];
      const whole = `{${JSON.stringify(field)}:${text},${JSON.stringify(fields).slice(1)}`;
      attempt(() => checkManifest(parseJson(whole), 'm.json'));
      attempt(() => readVocabulary(parseNamesJson(text, 'v.json')));
      attempt(() => parseCaptions(parseNamesJson(text, 'c.json')));
      const record = parseJson(`{"a":${text}}`) as Record<string, unknown>;
      attempt(() => differences(record, {}));
      attempt(() => differences({}, record));
      expect(differences(record, record)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
