import { describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { SegmentOptions } from '../../lib/segmenter/types.js';
import type { FakeBehaviour } from './fake.js';
import { FakeEngine, fakeParts, picture } from './fake.js';

function open(behaviour: FakeBehaviour = {}) {
  const engine = new FakeEngine(behaviour);
  return { engine, segmenter: Segmenter.of(fakeParts(engine)) };
}

const cats: SegmentOptions = { categories: ['cat'], steps: 100 };
// An aborted call's error has the name that Node's own have.
const code = (value: string) =>
  expect.objectContaining({ name: value === 'ABORTED' ? 'AbortError' : 'InvSegError', code: value });

describe('abort', () => {
  it('before the call: nothing runs', async () => {
    const { segmenter, engine } = open();
    const call = segmenter.segment(picture(), { ...cats, signal: AbortSignal.abort('no') });
    await expect(call).rejects.toMatchObject({ name: 'AbortError', code: 'ABORTED', cause: 'no' });
    await expect(call).rejects.toBeInstanceOf(InvSegError);
    expect(engine.calls).toEqual([]);
  });

  it.each([
    ['encodeText', 1],
    ['encodeImage', 2],
    ['createInversion', 3],
    ['plan', 4],
    ['step', 5],
    ['predict', 105],
  ])('during %s: that native call is the last', async (at, calls) => {
    const controller = new AbortController();
    const { segmenter, engine } = open({ onCall: (name) => name === at && controller.abort() });
    const call = segmenter.segment(picture(), { ...cats, signal: controller.signal });
    await expect(call).rejects.toEqual(code('ABORTED'));
    expect(engine.calls).toHaveLength(calls);
    expect(engine.open).toBe(0);
  });

  it('from onProgress: no further step', async () => {
    const controller = new AbortController();
    const { segmenter, engine } = open();
    const onProgress = ({ step }: { step: number }) => step === 5 && controller.abort();
    await expect(segmenter.segment(picture(), { ...cats, signal: controller.signal, onProgress })).rejects.toEqual(
      code('ABORTED'),
    );
    expect(engine.steps).toHaveLength(5);
  });

  it('after the call: no effect', async () => {
    const controller = new AbortController();
    const { segmenter } = open();
    const result = await segmenter.segment(picture(), { ...cats, steps: 1, signal: controller.signal });
    controller.abort();
    expect(result.status).toBe('completed');
    await expect(segmenter.segment(picture(), { ...cats, steps: 1 })).resolves.toBeDefined();
  });

  it('while waiting: rejects at once, and the others keep their order', async () => {
    const { segmenter, engine } = open({ delay: 5 });
    const controller = new AbortController();
    const order: string[] = [];
    const first = segmenter.segment(picture(), { ...cats, steps: 20 }).then(() => order.push('first'));
    const second = segmenter
      .segment(picture(), { ...cats, signal: controller.signal })
      .catch(() => order.push('second'));
    const third = segmenter.segment(picture(), { ...cats, steps: 1 }).then(() => order.push('third'));
    setTimeout(() => controller.abort(), 10);
    await Promise.all([first, second, third]);
    expect(order).toEqual(['second', 'first', 'third']);
    expect(engine.mostRunning).toBe(1);
  });

  it('leaves no listener on the signal', async () => {
    const { segmenter } = open();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => (listeners++, add(...args))) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => (
      listeners--, remove(...args)
    )) as typeof remove;
    await segmenter.segment(picture(), { ...cats, steps: 1, signal });
    expect(listeners).toBe(0);
  });
});

describe('calls at the same time', () => {
  it('run one after the other, in order', async () => {
    const { segmenter, engine } = open({ delay: 1 });
    const order: number[] = [];
    await Promise.all(
      [1, 2, 3].map((n) => segmenter.segment(picture(), { ...cats, steps: n }).then(() => order.push(n))),
    );
    expect(order).toEqual([1, 2, 3]);
    expect(engine.mostRunning).toBe(1);
    expect(engine.inversions).toHaveLength(3);
  });

  it('a failing one does not stop the next', async () => {
    const { segmenter } = open();
    const results = await Promise.allSettled([
      segmenter.segment('/no/such.png', cats),
      segmenter.segment(picture(), { ...cats, steps: 1 }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

describe('dispose', () => {
  it('ends a running call after its step and waiting ones at once, then frees the engine', async () => {
    const { segmenter, engine } = open({ delay: 2 });
    const running = segmenter.segment(picture(), cats);
    const waiting = segmenter.segment(picture(), cats);
    const outcomes = Promise.allSettled([running, waiting]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const steps = engine.steps.length;
    expect(steps).toBeGreaterThan(0);
    await segmenter.dispose();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: code('DISPOSED') });
    expect(engine.steps.length).toBeLessThanOrEqual(steps + 2);
    expect(engine.open).toBe(0);
    expect(engine.calls.at(-1)).toBe('dispose');
  });

  it('twice is once; later calls reject', async () => {
    const { segmenter, engine } = open();
    await Promise.all([segmenter.dispose(), segmenter.dispose()]);
    await segmenter.dispose();
    expect(engine.calls).toEqual(['dispose']);
    await expect(segmenter.segment(picture(), cats)).rejects.toEqual(code('DISPOSED'));
  });

  it('comes with await using', async () => {
    const { segmenter, engine } = open();
    {
      await using scoped = segmenter;
      await scoped.segment(picture(), { ...cats, steps: 1 });
    }
    expect(engine.disposed).toBe(true);
  });
});
