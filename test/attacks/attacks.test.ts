/**
 * The attacks of scripts/attacks, as many of each as a test has time for; SECURITY.md has the figures of longer ones.
 */
import { describe, expect, it } from 'vitest';
import { makeRandom, mutate } from '../../scripts/attacks/mutate.mjs';
import { attack, MINUTES, possible, unless } from './attack.js';

const EXECUTIONS = 10_000;

interface Fuzzed {
  name: string;
  executions: number;
  accepted: number;
  refused: number;
  foreign: number;
  examples: unknown[];
  crashed?: string;
  hung?: string;
  polluted: boolean;
  unhandled: number;
  peakMiB: number;
}

it.skipIf(!possible)(
  `mutations of right inputs: errors of ours, or nothing wrong${unless}`,
  { timeout: 20 * MINUTES },
  () => {
    const results = attack<Fuzzed[]>('run.mjs', '--executions', String(EXECUTIONS), '--seed', '42');
    expect(results.length).toBeGreaterThan(25);
    for (const { name, crashed, hung, foreign, examples, polluted, unhandled, accepted, refused, peakMiB } of results) {
      expect({ name, crashed, hung, foreign, examples, polluted, unhandled }).toEqual({
        name,
        crashed: undefined,
        hung: undefined,
        foreign: 0,
        examples: [],
        polluted: false,
        unhandled: 0,
      });
      expect(accepted + refused, name).toBe(EXECUTIONS);
      expect(peakMiB, name).toBeLessThan(1024);
    }
  },
);

it.skipIf(!possible)(
  `small files that want much: an error, or right, in less than a gigabyte${unless}`,
  { timeout: 10 * MINUTES },
  () => {
    const results =
      attack<{ name: string; right: boolean; peakMiB: number; crashed?: string; code?: string }[]>('bombs.mjs');
    expect(results.length).toBeGreaterThan(14);
    for (const { name, right, crashed, code, peakMiB } of results) {
      expect({ name, right, crashed, code }).toMatchObject({ name, right: true, crashed: undefined });
      expect(peakMiB, name).toBeLessThan(1024);
    }
  },
);

describe('the mutations', () => {
  const seeds = [Buffer.from('{"a":[1,2],"b":{"c":"d"}}')];
  const some = (seed: number, structured: boolean) =>
    Array.from({ length: 200 }, (_, i) => mutate(seeds, makeRandom(seed + i), structured).toString('latin1'));
  it('are the same for the same seed, and others for another', () => {
    expect(some(1, true)).toEqual(some(1, true));
    expect(some(1, true)).not.toEqual(some(1000, true));
  });
  it('are different from each other, and mostly JSON where that is asked for', () => {
    const isJson = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    expect(new Set(some(1, true)).size).toBeGreaterThan(100);
    expect(some(1, true).filter(isJson).length).toBeGreaterThan(130);
    expect(some(1, false).filter(isJson).length).toBeLessThan(130);
  });
});
