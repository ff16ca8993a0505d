import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Segmenter } from '../../lib/index.js';
import { openHandles, pictures } from './model.js';

const { file, categories } = pictures[0]!;
const many = { categories, steps: 500 };
const failed = (code: string) =>
  expect.objectContaining({ name: code === 'ABORTED' ? 'AbortError' : 'InvSegError', code });

describe('abort', () => {
  it('between steps rejects promptly, frees everything, and leaves the segmenter usable', async () => {
    await using segmenter = await Segmenter.open({ device: 'cpu' });
    const before = openHandles();
    const controller = new AbortController();
    let aborted = 0;
    let longest = 0;
    const onProgress = ({ step, loss }: { step: number; loss?: { milliseconds: number } }): void => {
      longest = Math.max(longest, loss?.milliseconds ?? 0);
      if (step === 3) {
        aborted = performance.now();
        controller.abort();
      }
    };
    await expect(segmenter.segment(file, { ...many, signal: controller.signal, onProgress })).rejects.toEqual(
      failed('ABORTED'),
    );
    expect(performance.now() - aborted).toBeLessThan(longest + 200);
    expect(openHandles()).toBe(before);
    await expect(segmenter.segment(file, { categories, steps: 1 })).resolves.toMatchObject({ status: 'completed' });
  });

  it('by a timer rejects within a step', async () => {
    await using segmenter = await Segmenter.open({ device: 'cpu' });
    const call = segmenter.segment(file, { ...many, signal: AbortSignal.timeout(300) });
    await expect(call).rejects.toMatchObject({
      code: 'ABORTED',
      cause: expect.objectContaining({ name: 'TimeoutError' }),
    });
    expect(openHandles()).toBeLessThanOrEqual(1);
  });
});

describe('dispose', () => {
  it('during a run ends it, ends what waits, and leaves no handle', async () => {
    const before = openHandles();
    const segmenter = await Segmenter.open({ device: 'cpu' });
    const outcomes = Promise.allSettled([segmenter.segment(file, many), segmenter.segment(file, many)]);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const began = performance.now();
    await segmenter.dispose();
    expect(performance.now() - began).toBeLessThan(5000);
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: failed('DISPOSED') });
    expect(openHandles()).toBe(before);
    await expect(segmenter.segment(file, many)).rejects.toEqual(failed('DISPOSED'));
  });

  it('twenty times in a row keeps nothing', async () => {
    const before = openHandles();
    for (let i = 0; i < 20; i++) {
      await using segmenter = await Segmenter.open({ device: 'cpu' });
      if (i % 5 === 0) await segmenter.segment(file, { categories, method: 'baseline' });
    }
    expect(openHandles()).toBe(before);
  }, 120_000);
});

describe('several', () => {
  it('segmenters work at the same time and agree', async () => {
    await using first = await Segmenter.open({ device: 'cpu', threads: 1 });
    await using second = await Segmenter.open({ device: 'cpu', threads: 1 });
    const [a, b] = await Promise.all([first, second].map((one) => one.segment(file, { categories, steps: 1 })));
    expect(Buffer.compare(a!.labels, b!.labels)).toBe(0);
  });

  it('calls at once keep their order and their own options', async () => {
    await using segmenter = await Segmenter.open({ device: 'cpu' });
    const order: number[] = [];
    const results = await Promise.all(
      [2, 0, 1].map(async (steps) => {
        const result = await segmenter.segment(file, { categories, steps });
        order.push(steps);
        return result;
      }),
    );
    expect(order).toEqual([2, 0, 1]);
    expect(results.map(({ losses }) => losses.length)).toEqual([2, 0, 1]);
  });
});

describe('another thread', () => {
  const script = (body: string) => `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}).then(async ({ Segmenter }) => {
      const segmenter = await Segmenter.open({ device: 'cpu' });
      ${body}
    }).catch((error) => parentPort.postMessage(String(error)));`;

  it('segments too', async () => {
    const worker = new Worker(
      script(`
        const { labels } = await segmenter.segment(${JSON.stringify(file)}, { categories: ['cat'], steps: 1 });
        await segmenter.dispose();
        parentPort.postMessage(labels.length);`),
      { eval: true },
    );
    const message = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(message).toBe(256 * 256);
    await worker.terminate();
  });

  it('can be terminated in the middle of a run', async () => {
    const worker = new Worker(
      script(`
        segmenter.segment(${JSON.stringify(file)}, { categories: ['cat'], steps: 500 }).catch(() => {});
        setTimeout(() => parentPort.postMessage('running'), 500);`),
      { eval: true },
    );
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe('running');
    const began = performance.now();
    await worker.terminate();
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
