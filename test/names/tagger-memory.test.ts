/** Collects the garbage of its thread, and so has one of its own. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { wordsOf } from '../../lib/names/words.js';
import { text } from './unseen-words.js';

it('the memory of a process does not grow with the captions that it has read', { timeout: 300_000 }, () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  let next = 10_000_000;
  const read = (words: number): void => {
    for (const end = next + words; next < end; next += 100) wordsOf(text(next, 100));
  };
  read(100);
  const before = heap();
  let most = 0;
  for (let part = 0; part < 10; part++) {
    read(50_000);
    most = Math.max(most, heap());
  }
  // Without a limit these 500,000 words take 60 MiB.
  expect(most - before).toBeLessThan(30);
});
