import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../../lib/checks/freeze.js';
import { methodDefaults, methodTable } from '../../lib/options/index.js';
import * as api from '../api.js';

/** Paths of what can still be changed. */
function open(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, member]) => open(member, `${path}.${key}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}

it('every table that the package exports is frozen, all the way down', () => {
  const tables = Object.entries(api).filter(([, value]) => typeof value === 'object');
  expect(tables.map(([name]) => name)).toEqual(
    expect.arrayContaining(['defaults', 'engineDefaults', 'presets', 'methodNames', 'paperTables']),
  );
  expect(tables.flatMap(([name, value]) => open(value, name))).toEqual([]);
  expect(open(methodDefaults, 'methodDefaults')).toEqual([]);
});

describe('the options of one call', () => {
  it('cannot become those of the next through the defaults', () => {
    const { defaults, presets, resolveOptions } = api;
    expect(() => Object.assign(defaults.views.crop, { min: 0.9 })).toThrow(TypeError);
    expect(() => Object.assign(presets['paper']!, { steps: 1 })).toThrow(TypeError);
    expect(resolveOptions().views.crop.min).toBe(0.6);
  });

  it('are an object of their own, groups and lists too', () => {
    const scramble = (value: object): void => {
      for (const [key, member] of Object.entries(value)) {
        if (typeof member === 'object' && member !== null) scramble(member as object);
        else (value as Record<string, unknown>)[key] = 'changed';
      }
    };
    for (const given of [{}, { preset: 'paper' }, ...api.methodNames.map((method) => ({ method }))]) {
      const first = api.resolveOptions(given);
      const copy = structuredClone(first);
      expect(Object.keys(first)).toEqual(Object.keys(methodTable));
      scramble(first);
      expect(api.resolveOptions(given)).toEqual(copy);
    }
  });

  it('do not change with what the caller gave', () => {
    const given = {
      views: { crop: { min: 0.7 } },
      attention: { training: { 16: 1 }, layers: { trainingCross: { layers: ['a'] } } },
      prompt: { caption: { cat: 'x' } },
    };
    const resolved = api.resolveOptions(given);
    given.views.crop.min = 0.1;
    given.attention.training[16] = 9;
    given.prompt.caption.cat = 'y';
    given.attention.layers.trainingCross.layers.push('b');
    expect(resolved).toMatchObject({
      views: { crop: { min: 0.7 } },
      attention: { training: { 16: 1 }, layers: { trainingCross: { layers: ['a'] } } },
      prompt: { caption: { cat: 'x' } },
    });
  });
});

it('deepFreeze gives back what it was given', () => {
  const value = { a: [{ b: 1 }], c: null };
  expect(deepFreeze(value)).toBe(value);
  expect(open(value, 'value')).toEqual([]);
});
