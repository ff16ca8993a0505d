import { describe, expect, it } from 'vitest';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { BatchImage, BatchOutcome, SegmentAllOptions } from '../../lib/segmenter/types.js';
import type { FakeBehaviour } from './fake.js';
import { all, FakeEngine, fakeParts, picture } from './fake.js';

const code = (value: string) => expect.objectContaining({ code: value });
const any = <T>(value: unknown): T => value as T;

function open(behaviour: FakeBehaviour = {}) {
  const engine = new FakeEngine(behaviour);
  return { engine, segmenter: Segmenter.of(fakeParts(engine)) };
}

const image = (...categories: string[]): BatchImage => ({ input: picture(8, 6), categories });

describe('many images', () => {
  it('come back in their order, each with its own names', async () => {
    const { engine, segmenter } = open();
    const outcomes = await all(segmenter, [image('cat'), image('bus', 'dog'), image('cat')]);
    expect(outcomes.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(outcomes.map(({ result }) => result!.categories)).toEqual([
      ['cat', 'background'],
      ['bus', 'dog', 'background'],
      ['cat', 'background'],
    ]);
    for (const { result } of outcomes) expect(result!.losses.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(engine.open).toBe(0);
  });

  it('have the masks that each has alone', async () => {
    const { segmenter } = open();
    const together = await all(segmenter, [image('cat'), image('bus', 'dog')]);
    const alone = [['cat'], ['bus', 'dog']].map((categories) =>
      segmenter.segment(picture(8, 6), { categories, steps: 3 }),
    );
    for (const [i, result] of (await Promise.all(alone)).entries())
      expect(together[i]!.result!.labels).toEqual(result.labels);
  });

  it('make their steps together: every image is encoded before any predicts', async () => {
    const { engine, segmenter } = open();
    await all(segmenter, [image('cat'), image('dog')], { steps: 2, batch: 2 });
    const calls = engine.calls.filter((call) => ['encodeImage', 'step', 'predict'].includes(call));
    expect(calls).toEqual(['encodeImage', 'encodeImage', 'step', 'step', 'step', 'step', 'predict', 'predict']);
  });

  it('are read no further ahead than two beyond their pass, from an async source too', async () => {
    const { segmenter } = open();
    const read: number[] = [];
    async function* source(): AsyncGenerator<BatchImage> {
      for (let i = 0; i < 9; i++) {
        read.push(i);
        yield image('cat');
      }
    }
    for await (const { index } of segmenter.segmentAll(source(), { steps: 1, batch: 2 })) {
      expect(read.length).toBeLessThanOrEqual(2 * (Math.floor(index / 2) + 1) + 2);
    }
    expect(read).toHaveLength(9);
  });

  it('fail alone where the image or its names are no such', async () => {
    const { engine, segmenter } = open();
    const more = any<BatchImage>({ ...image('cat'), steps: 3 });
    const images = [
      image('cat'),
      { input: 'nowhere.png', categories: ['cat'] },
      image(''),
      any<BatchImage>(7),
      image('dog'),
      more,
    ];
    const outcomes = await all(segmenter, images, { steps: 1, batch: 6 });
    expect(outcomes.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(outcomes.map(({ error }) => error && any<{ code: string }>(error).code)).toEqual([
      undefined,
      'IMAGE_NOT_FOUND',
      'INVALID_CATEGORIES',
      'INVALID_OPTION',
      undefined,
      'INVALID_OPTION',
    ]);
    expect(outcomes[5]!.error!.message).toContain('images[5].steps');
    expect(engine.open).toBe(0);
  });

  it('share an error of the pass, and the next pass works', async () => {
    const behaviour: FakeBehaviour = { failAt: 'step' };
    const { engine, segmenter } = open(behaviour);
    const outcomes: BatchOutcome[] = [];
    for await (const outcome of segmenter.segmentAll([image('cat'), image('dog'), image('bus')], {
      steps: 1,
      batch: 2,
    })) {
      outcomes.push(outcome);
      delete behaviour.failAt;
    }
    expect(outcomes.map(({ error }) => error !== undefined)).toEqual([true, true, false]);
    expect(engine.open).toBe(0);
  });

  it('go on where the loop of one was not finite', async () => {
    const { segmenter } = open({ notFiniteAt: 2 });
    const outcomes = await all(segmenter, [image('cat'), image('dog')], { steps: 3, batch: 2 });
    expect(outcomes.map(({ result }) => result!.status)).toContain('non-finite');
    for (const { result } of outcomes) expect(result!.labels).toHaveLength(48);
  });

  it('of methods without a loop go one after the other', async () => {
    const { segmenter } = open();
    const outcomes = await all(segmenter, [image('cat'), image('dog')], { method: 'baseline', batch: 2 });
    expect(outcomes.map(({ result }) => result!.losses)).toEqual([[], []]);
  });

  it('end with the signal and with the segmenter', async () => {
    const controller = new AbortController();
    const { engine, segmenter } = open({ onCall: (name) => name === 'step' && controller.abort() });
    await expect(
      all(segmenter, [image('cat'), image('dog')], { steps: 3, batch: 2, signal: controller.signal }),
    ).rejects.toEqual(code('ABORTED'));
    expect(engine.open).toBe(0);
    await segmenter.dispose();
    await expect(all(segmenter, [image('cat')])).rejects.toEqual(code('DISPOSED'));
  });

  it.each(['abort', 'dispose'] as const)('end where the caller comes to an end between two passes: %s', async (way) => {
    const controller = new AbortController();
    const { segmenter } = open();
    let seen = 0;
    function* endless(): Generator<BatchImage> {
      for (;;) yield image('cat');
    }
    const run = async (): Promise<void> => {
      for await (const { error } of segmenter.segmentAll(endless(), {
        steps: 1,
        batch: 2,
        signal: controller.signal,
      })) {
        expect(error).toBeUndefined();
        if (++seen === 2) await (way === 'abort' ? controller.abort() : segmenter.dispose());
      }
    };
    await expect(run()).rejects.toEqual(code(way === 'abort' ? 'ABORTED' : 'DISPOSED'));
    expect(seen).toBe(2);
  });

  it('end at once while their source waits, and tell it', async () => {
    const controller = new AbortController();
    const { segmenter } = open();
    let left = false;
    const source: AsyncIterable<BatchImage> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => setTimeout(() => controller.abort(), 5)),
        return: async () => ((left = true), { done: true, value: undefined }),
      }),
    };
    await expect(all(segmenter, source, { steps: 1, signal: controller.signal })).rejects.toEqual(code('ABORTED'));
    expect(left).toBe(true);
  });

  it('of an iterator that gives no results end with an error, after what it gave before', async () => {
    const { segmenter } = open();
    for (const source of [
      { [Symbol.iterator]: () => ({ next: () => 3 }) },
      { [Symbol.iterator]: () => null },
      { [Symbol.asyncIterator]: 3 },
    ])
      await expect(all(segmenter, source as never, { steps: 1 })).rejects.toEqual(code('INVALID_OPTION'));
  });

  it('are asked of their source no more once the caller has left', async () => {
    const { segmenter } = open();
    let asked = 0;
    const source: AsyncIterable<BatchImage> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          asked++;
          await new Promise((resolve) => setTimeout(resolve, asked === 1 ? 0 : 30));
          return { done: false, value: image('cat') };
        },
      }),
    };
    for await (const { index } of segmenter.segmentAll(source, { steps: 1, batch: 1 })) if (index === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
    // The first, and the two that are read before their turn.
    expect(asked).toBeLessThanOrEqual(3);
  });

  it('that were given before the source failed have their outcomes', async () => {
    const { segmenter } = open();
    function* failing(): Generator<BatchImage> {
      yield image('cat');
      yield image('dog');
      throw new Error('no more of it');
    }
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const { index } of segmenter.segmentAll(failing(), { steps: 1, batch: 4 })) seen.push(index);
    };
    await expect(run()).rejects.toThrow('no more of it');
    expect(seen).toEqual([0, 1]);
  });

  it('fail alone where a prediction fails', async () => {
    let predictions = 0;
    const behaviour: FakeBehaviour = {
      onCall: (name) => void (name === 'predict' && (behaviour.failAt = ++predictions === 2 ? 'predict' : '')),
    };
    const { segmenter } = open(behaviour);
    const outcomes = await all(segmenter, [image('cat'), image('dog'), image('bus')], { steps: 2, batch: 3 });
    expect(outcomes.map(({ error }) => error === undefined)).toEqual([true, false, true]);
  });

  it('may share a buffer that is filled again for each', async () => {
    const { segmenter } = open();
    const frame = picture(8, 6);
    const seen: number[][] = [];
    function* frames(): Generator<BatchImage> {
      for (const value of [10, 200]) {
        frame.data.fill(value);
        yield { input: frame, categories: ['cat'] };
      }
    }
    const encode = FakeEngine.prototype.encodeImage;
    FakeEngine.prototype.encodeImage = function (rgb, ...rest) {
      seen.push([rgb[0]!]);
      return encode.call(this, rgb, ...rest);
    };
    try {
      await all(segmenter, frames(), { steps: 1, batch: 2 });
    } finally {
      FakeEngine.prototype.encodeImage = encode;
    }
    expect(seen).toEqual([[10], [200]]);
  });

  it('take the options as they were at the call', async () => {
    const { engine, segmenter } = open();
    const options: SegmentAllOptions = { steps: 1, batch: 1, views: { crop: { min: 0.9 } } };
    for await (const { error } of segmenter.segmentAll([image('cat'), image('dog')], options)) {
      expect(error).toBeUndefined();
      options.views!.crop = any({ min: 'bad' });
    }
    expect(engine.open).toBe(0);
  });

  it('are none: nothing comes', async () => expect(await all(open().segmenter, [])).toEqual([]));

  it.each<[string, unknown, unknown]>([
    ['options that are none', [], 7],
    ['a batch of 0', [], { batch: 0 }],
    ['a batch of 65', [], { batch: 65 }],
    ['an unknown option', [], { colour: 1 }],
    ['a signal that is none', [], { signal: 1 }],
    ['names for all', [], { categories: ['cat'] }],
    ['progress', [], { onProgress: () => {} }],
    ['images that are none', 7, {}],
    ['images that are null', null, {}],
  ])('refuse %s', async (_, images, options) => {
    const { engine, segmenter } = open();
    await expect(all(segmenter, any(images), any(options))).rejects.toEqual(code('INVALID_OPTION'));
    expect(engine.calls).toEqual([]);
  });
});
