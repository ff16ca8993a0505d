/** Evaluations and processes that end before they are done. */
import { expect, it } from 'vitest';
import { attack, MINUTES, possible, unless } from './attack.js';

interface Killed {
  rounds: number;
  ends: { SIGKILL: number; SIGTERM: number };
  compared: number;
  equal: boolean;
}

it.skipIf(!possible).each([
  ['a stub', ['--rounds', '8', '--seed', '3', '--images', '40']],
  ['the engine', ['--rounds', '6', '--seed', '5', '--images', '8', '--engine']],
])(`an evaluation with %s that is ended and goes on counts the same${unless}`, { timeout: 10 * MINUTES }, (_, args) => {
  const found = attack<Killed>('kills.mjs', ...args);
  expect(found).toMatchObject({ rounds: Number(args[1]), equal: true });
  expect(found.compared).toBeGreaterThan(0);
  expect(Math.min(found.ends.SIGKILL, found.ends.SIGTERM)).toBeGreaterThan(0);
});

it.skipIf(!possible)(
  `a process ends with its status and never by a signal, whatever its listeners of exit do${unless}`,
  { timeout: 10 * MINUTES },
  () => {
    const results = attack<{ name: string; rounds: number; status: number; ended: object; right: boolean }[]>(
      'exits.mjs',
      '--rounds',
      '12',
    );
    expect(results.map(({ name, ended }) => ({ name, ended }))).toEqual(
      results.map(({ name, status }) => ({ name, ended: { [status]: 12 } })),
    );
    expect(results.map(({ status }) => status)).toEqual([expect.any(Number), 9, 7, 7]);
  },
);
