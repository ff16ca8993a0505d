/** How often a run reads its journal and draws its resamplings: work that grows with the pictures is done once. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { readRun } from '../../lib/evaluation/index.js';
import type * as Lines from '../../lib/journal/lines.js';
import type * as Statistics from '../../lib/scores/statistics.js';
import type { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeSegmenter, makeFolder } from '../evaluation/fake.js';
import { command } from '../support/command.js';

const work = vi.hoisted(() => ({ lines: 0, resamplings: 0 }));
vi.mock('../../lib/journal/lines.js', async (original) => {
  const real = await original<typeof Lines>();
  return {
    async *wholeLines(file: string) {
      for await (const line of real.wholeLines(file)) {
        work.lines++;
        yield line;
      }
    },
  };
});
vi.mock('../../lib/scores/statistics.js', async (original) => {
  const real = await original<typeof Statistics>();
  const bootstrap: typeof real.bootstrap = (pictures, statistic, options) =>
    real.bootstrap(pictures, (times) => (work.resamplings++, statistic(times)), options);
  return { ...real, bootstrap };
});

const PICTURES = 9;
let root: string;
beforeAll(async () => void (root = await makeFolder(PICTURES)));
afterAll(() => rmSync(root, { recursive: true }));
beforeEach(() => void Object.assign(work, { lines: 0, resamplings: 0 }));

async function cli(...args: string[]): Promise<string> {
  const { code, out } = await command(args, {
    openSegmenter: async () =>
      Object.assign(new FakeSegmenter(), { [Symbol.asyncDispose]: async () => {} }) as unknown as Segmenter,
  });
  expect(code).toBe(0);
  return out;
}

it('a new run, one that is there, and parts that are put together', async () => {
  const at = (name: string): string => path.join(root, 'runs', name);
  const evaluate = (name: string, ...more: string[]) =>
    cli('evaluate', '--dataset', 'folder', '--root', root, '--out', at(name), '--json', ...more);
  // 1000, and the data itself.
  const fresh = await evaluate('a');
  expect(work).toEqual({ lines: 0, resamplings: 1001 });
  // What was made on the way is what the journal gives back.
  const { evaluation } = await readRun(at('a'));
  expect(JSON.parse(fresh)).toEqual(JSON.parse(JSON.stringify(evaluation)));

  Object.assign(work, { lines: 0, resamplings: 0 });
  expect(await evaluate('a')).toBe(fresh);
  expect(work).toEqual({ lines: 1 + PICTURES, resamplings: 1001 });

  await evaluate('0', '--shard', '0/2');
  await evaluate('1', '--shard', '1/2');
  Object.assign(work, { lines: 0, resamplings: 0 });
  await cli('merge', at('0'), at('1'), '--out', at('merged'), '--json');
  expect(work).toEqual({ lines: 2 + PICTURES + 1 + PICTURES, resamplings: 1001 });
});
