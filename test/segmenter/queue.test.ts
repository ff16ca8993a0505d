/** What a segmenter keeps of the calls that have ended, and of those that wait: nothing that it does not need. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Queue } from '../../lib/segmenter/queue.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { Stop } from '../../lib/segmenter/stop.js';
import { FakeEngine, fakeParts, picture } from './fake.js';

const LEAK = fileURLToPath(new URL('leak.mjs', import.meta.url));

it('keeps no result of an earlier call', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', LEAK]);
  const { calls, bytes, alive, collected, heap, rss } = JSON.parse(stdout) as Record<string, number>;
  // The last one may still be on the stack of what runs.
  expect(alive).toBeLessThanOrEqual(2);
  expect(collected).toBeGreaterThanOrEqual(calls! - 2);
  expect(heap).toBeLessThan(bytes! / 10);
  expect(rss).toBeLessThan(bytes! / 10);
});

describe('a queue', () => {
  const free = (): Stop => new Stop(new AbortController().signal);

  it('runs in order past a failure and past a call that gave up waiting', async () => {
    const queue = new Queue();
    const order: string[] = [];
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const given = new AbortController();
    const first = queue.run(free(), async () => {
      await gate;
      order.push('first');
      throw new Error('the first fails');
    });
    const second = queue.run(new Stop(new AbortController().signal, given.signal), async () => order.push('second'));
    const third = queue.run(free(), async () => order.push('third'));
    given.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(order).toEqual([]);
    open();
    await expect(first).rejects.toThrow('the first fails');
    await third;
    await queue.idle();
    expect(order).toEqual(['first', 'third']);
  });
});

describe('many waiting calls', () => {
  it('cause no warning of too many listeners, on the own signal or on one that they share', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    try {
      const { signal } = new AbortController();
      const segmenter = Segmenter.of(fakeParts(new FakeEngine()));
      const options = { categories: ['cat'], steps: 0, signal };
      await Promise.all(Array.from({ length: 40 }, () => segmenter.segment(picture(), options)));
      await new Promise((resolve) => setTimeout(resolve, 10)); // warnings come with the next turn
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
    }
  });

  it('all end at one abort', async () => {
    const controller = new AbortController();
    const segmenter = Segmenter.of(fakeParts(new FakeEngine({ delay: 1 })));
    const options = { categories: ['cat'], steps: 50, signal: controller.signal };
    const calls = Promise.allSettled(Array.from({ length: 40 }, () => segmenter.segment(picture(), options)));
    controller.abort();
    for (const call of await calls) expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
  });
});
