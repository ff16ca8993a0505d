import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Inspect } from '../../lib/native/libtorch-search.js';
import { Places } from '../../lib/native/libtorch-search.js';
import { libtorchCache } from '../../lib/native/places.js';
import { temporaryFolder } from '../setup/fakes.js';

const anything: Inspect = (root) => ({ version: path.basename(root), python: null });

function cacheWith(...names: string[]): NodeJS.ProcessEnv {
  const env = { INVSEG_CACHE: temporaryFolder(), PATH: '' };
  for (const name of names) {
    const folder = path.join(path.dirname(libtorchCache(env)), name);
    mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, 'complete.json'), JSON.stringify({ root: name }));
  }
  return env;
}

it('takes the pinned release of the cache, else the newest other one, and nothing that is no release', () => {
  const pinned = path.basename(libtorchCache({}));
  const found = (...names: string[]) => new Places(anything, cacheWith(...names)).cached()?.version;
  expect(found('2.99.0', pinned)).toBe(pinned);
  expect(found('2.9.1', '2.12.0', '2.11.10', 'unfinished')).toBe('2.12.0');
  expect(found('downloads', '2.11.0.part')).toBeUndefined();
});

it('keeps each look, with why it was not taken', () => {
  const places = new Places(() => 'too old', cacheWith('2.11.0'));
  expect([places.look('addon', '/a'), places.cached(), places.python()]).toEqual([undefined, undefined, undefined]);
  expect(places.attempts.map(({ source, outcome }) => `${source}: ${outcome}`)).toEqual([
    'addon: too old',
    'cache: no finished installation',
    'cache: too old',
    'python3: not on the PATH',
  ]);
});
