import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaults } from '../../lib/options/index.js';
import { maskOf } from '../../lib/segmenter/result.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { Progress, SegmentOptions } from '../../lib/segmenter/types.js';
import type { FakeBehaviour } from './fake.js';
import { FakeEngine, fakeParts, picture } from './fake.js';

function open(behaviour: FakeBehaviour = {}) {
  const engine = new FakeEngine(behaviour);
  const parts = fakeParts(engine);
  return { engine, parts, segmenter: Segmenter.of(parts) };
}

const cats: SegmentOptions = { categories: ['cat', 'potted plant'], steps: 3 };
const code = (value: string) => expect.objectContaining({ name: 'InvSegError', code: value });

afterEach(() => vi.restoreAllMocks());

describe('a call', () => {
  it('gives labels, segments, losses and timings of the right shapes', async () => {
    const { segmenter, engine } = open();
    const result = await segmenter.segment(picture(8, 6), cats);
    expect(result).toMatchObject({ width: 8, height: 6, status: 'completed', warnings: [] });
    expect(result.labels).toHaveLength(48);
    expect(result.categories).toEqual(['cat', 'potted plant', 'background']);
    expect(result.segments.map(({ label, index }) => [label, index])).toEqual([
      ['cat', 0],
      ['potted plant', 1],
      ['background', 2],
    ]);
    expect(result.segments.reduce((sum, { area }) => sum + area, 0)).toBe(48);
    expect(result.losses.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(result.losses[0]!.total).toBeGreaterThan(result.losses[2]!.total);
    expect(result.options).toEqual({ ...defaults, steps: 3 });
    expect(result.prompts).toEqual(['cat potted plant background']);
    expect(result.maps).toBeUndefined();
    expect(result.timings).toMatchObject({ inversion: 6, predict: 1 });
    expect(result.timings.total).toBeGreaterThan(0);
    expect(engine.calls).toEqual([
      'encodeText',
      'encodeImage',
      'createInversion',
      'plan',
      'step',
      'step',
      'step',
      'predict',
    ]);
    expect(engine.open).toBe(0);
  });

  it('makes masks of 0 and 1 that cover the picture once', async () => {
    const { segmenter } = open();
    const result = await segmenter.segment(picture(), cats);
    const { segments, labels } = result;
    const sum = new Uint8Array(labels.length);
    for (const { index, area } of segments) {
      const mask = maskOf(result, index);
      expect(mask.reduce((a, b) => a + b, 0)).toBe(area);
      mask.forEach((value, i) => (sum[i]! += value));
    }
    expect([...new Set(sum)]).toEqual([1]);
  });

  it('hands options and defaults to the native side', async () => {
    const { segmenter, engine, parts } = open();
    const options = {
      ...cats,
      loss: { alpha: 0.5, gradient: 'keys-only' },
      attention: { frame: 'latent', crossScale: 'min-max', refineIterations: 2 },
      latentSample: true,
    } as const;
    await segmenter.segment(picture(), {
      ...options,
      inference: { order: 'argmax-first', timestep: 7 },
    });
    expect(engine.inversions[0]).toMatchObject({ alpha: 0.5, gradient: 'keys-only', frame: 32, refineIterations: 2 });
    expect(engine.inversions[0]).toMatchObject({ learningRate: 0.01, beta1: 0.9, beta2: 0.999, adamEps: 1e-8 });
    expect(engine.predictions[0]).toMatchObject({
      timestep: 7,
      order: 'argmax-first',
      refineIterations: 2,
      maps: false,
    });
    expect(engine.images[0]!.sample).toBe(true);
    expect(parts.selected).toEqual([
      { cross: { 16: 1 }, self: { 16: 1 }, crossScale: 'min-max' },
      { cross: { 16: 1, 32: 1 }, self: { 32: 1 }, crossScale: 'min-max' },
    ]);
  });

  it('takes the finest training resolution as the frame, or a given one', async () => {
    const { segmenter, engine, parts } = open();
    await segmenter.segment(picture(), { ...cats, attention: { training: { 8: 1, 16: 0.5, 32: 0 } } });
    await segmenter.segment(picture(), { ...cats, attention: { frame: 24 } });
    await segmenter.segment(picture(), { ...cats, attention: { inferenceSelf: 'proportional' } });
    expect(engine.inversions.map(({ frame }) => frame)).toEqual([16, 24, 16]);
    expect(parts.selected.at(-1)!.self).toEqual({ 32: 32 / 60, 16: 16 / 60, 8: 8 / 60, 4: 4 / 60 });
  });

  it('reads the layers and heads that are named', async () => {
    const { segmenter, parts } = open();
    await segmenter.segment(picture(), {
      ...cats,
      attention: { layers: { inferenceCross: { layers: ['up_blocks.1'], heads: [0, 2] } } },
    });
    expect(parts.selected[0]!.crossLayers).toBeUndefined();
    expect(parts.selected[1]).toMatchObject({ crossLayers: { layers: ['up_blocks.1'], heads: [0, 2] } });
  });

  it('refuses a resolution that the model has not, by name', async () => {
    const { segmenter, engine } = open();
    const call = segmenter.segment(picture(), { ...cats, attention: { inferenceSelf: { 64: 1 } } });
    await expect(call).rejects.toThrow('(32, 16, 8, 4) for attention.inferenceSelf but received 64');
    expect(engine.calls).toEqual([]);
  });

  it('returns maps when asked', async () => {
    const { segmenter } = open();
    const { maps } = await segmenter.segment(picture(), { ...cats, saveMaps: true });
    expect(maps).toMatchObject({ size: 4, categories: ['cat', 'potted plant', 'background'] });
    expect(maps!.data).toHaveLength(48);
  });

  it('splits many names over prompts', async () => {
    const { segmenter, engine } = open();
    const { prompts } = await segmenter.segment(picture(), { categories: 'a b c,d e,f g h' });
    expect(prompts).toEqual(['a b c d e', 'f g h background']);
    expect(engine.texts[0]!.prompts).toBe(2);
    expect([...engine.inversions[0]!.spans]).toEqual([0, 1, 3, 0, 4, 2, 1, 1, 3, 1, 4, 1]);
  });
});

describe('seeds', () => {
  it('the same seed repeats boxes, timesteps, noise and labels; another does not', async () => {
    const { segmenter, engine } = open();
    const a = await segmenter.segment(picture(), { ...cats, seed: 7 });
    const b = await segmenter.segment(picture(), { ...cats, seed: 7 });
    const c = await segmenter.segment(picture(), { ...cats, seed: 8 });
    const [first, second, third] = [0, 3, 6].map((from) => engine.steps.slice(from, from + 3));
    expect(second).toEqual(first);
    expect(third).not.toEqual(first);
    expect(Buffer.compare(a.labels, b.labels)).toBe(0);
    expect(Buffer.compare(a.labels, c.labels)).not.toBe(0);
  });

  it('predict under the same noise whatever the method and the number of steps', async () => {
    const { segmenter, engine } = open();
    await segmenter.segment(picture(), { ...cats, seed: 3 });
    await segmenter.segment(picture(), { ...cats, seed: 3, steps: 9, views: { fresh: 'perImage' } });
    await segmenter.segment(picture(), { ...cats, seed: 3, method: 'baseline' });
    expect(new Set(engine.predictions.map(({ noiseSeed }) => noiseSeed)).size).toBe(1);
    expect(new Set(engine.images.map(({ seed }) => seed)).size).toBe(1);
  });

  it('0 steps are the baseline', async () => {
    const { segmenter, engine } = open();
    const zero = await segmenter.segment(picture(), { ...cats, steps: 0 });
    const baseline = await segmenter.segment(picture(), { ...cats, method: 'baseline' });
    expect(Buffer.compare(zero.labels, baseline.labels)).toBe(0);
    expect(baseline).toMatchObject({ losses: [], status: 'completed' });
    expect(engine.steps).toEqual([]);
  });

  it('draw one timestep a step for all views, and views once with perImage', async () => {
    const { segmenter, engine } = open();
    await segmenter.segment(picture(), { ...cats, views: { fresh: 'perImage', count: 3, timesteps: [5, 6] } });
    expect(engine.steps.map(({ boxes }) => boxes.length)).toEqual([12, 0, 0]);
    for (const { timesteps } of engine.steps) {
      expect(new Set(timesteps).size).toBe(1);
      expect(timesteps).toHaveLength(3);
      expect([5, 6]).toContain(timesteps[0]);
    }
    expect(new Set(engine.steps.map(({ noiseSeed }) => noiseSeed)).size).toBe(3);
  });
});

describe('an engine that makes several steps at once', () => {
  const stepCalls = (engine: FakeEngine) => engine.calls.filter((name) => name === 'step').length;

  it('is asked for all of them, and gives what one at a time gives', async () => {
    const one = open();
    const wanted = await one.segmenter.segment(picture(), { ...cats, steps: 10 });
    expect(stepCalls(one.engine)).toBe(10);
    for (const [stepsAtOnce, calls] of [
      [15, 1],
      [4, 3],
    ] as const) {
      const { segmenter, engine } = open({ stepsAtOnce });
      const result = await segmenter.segment(picture(), { ...cats, steps: 10 });
      expect(stepCalls(engine)).toBe(calls);
      expect(result.losses).toEqual(wanted.losses);
      expect(result.labels).toEqual(wanted.labels);
    }
  });

  it('makes one at a time for whoever hears of each, and can then be stopped between them', async () => {
    const { segmenter, engine } = open({ stepsAtOnce: 15 });
    const controller = new AbortController();
    const heard: number[] = [];
    const onProgress = ({ stage, step }: Progress): void => {
      if (stage === 'step') heard.push(step);
      if (step === 3) controller.abort();
    };
    await expect(
      segmenter.segment(picture(), { ...cats, steps: 10, signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({ code: 'ABORTED' });
    expect(heard).toEqual([1, 2, 3]);
    expect(stepCalls(engine)).toBe(3);
  });

  it('stops at a loss that is not finite', async () => {
    const { segmenter, engine } = open({ stepsAtOnce: 15, notFiniteAt: 3 });
    const result = await segmenter.segment(picture(), { ...cats, steps: 10 });
    expect(result.status).toBe('non-finite');
    expect(result.losses).toHaveLength(2);
    expect(stepCalls(engine)).toBe(1);
  });
});

describe('a loss that is not finite', () => {
  it('ends the loop, keeps what was learnt before, and says so', async () => {
    const { segmenter, engine } = open({ notFiniteAt: 3 });
    const result = await segmenter.segment(picture(), { ...cats, steps: 10 });
    expect(result.status).toBe('non-finite');
    expect(result.losses).toHaveLength(2);
    expect(result.losses.every(({ total }) => Number.isFinite(total))).toBe(true);
    expect(result.warnings).toEqual(['Step 3 of 10 was not finite; the prompt before it was used']);
    expect(engine.steps).toHaveLength(3);
    expect(engine.calls.at(-1)).toBe('predict');
  });
});

describe('compareLoss', () => {
  it('measures the first views again, after the prediction', async () => {
    const { segmenter, engine } = open();
    const { comparison, losses } = await segmenter.segment(picture(), { ...cats, compareLoss: true });
    expect(engine.calls.slice(-2)).toEqual(['predict', 'step']);
    expect(engine.steps.at(-1)).toEqual(engine.steps[0]);
    expect(comparison).toEqual({ before: losses[0]!.total, after: expect.closeTo(-0.94, 6) });
    expect(losses).toHaveLength(3);
  });

  it('says nothing where there were no steps', async () => {
    const { segmenter } = open();
    expect((await segmenter.segment(picture(), { ...cats, compareLoss: true, steps: 0 })).comparison).toBeUndefined();
  });
});

describe('progress', () => {
  it('comes before each stage and after each step', async () => {
    const { segmenter } = open();
    const seen: string[] = [];
    await segmenter.segment(picture(), {
      ...cats,
      onProgress: ({ stage, step, steps, loss }) =>
        seen.push(`${stage} ${step}/${steps} ${loss?.total.toFixed(2) ?? ''}`.trim()),
    });
    expect(seen).toEqual([
      'decode 0/3',
      'encode 0/3',
      'step 1/3 -0.91',
      'step 2/3 -0.92',
      'step 3/3 -0.93',
      'predict 0/3',
    ]);
  });

  it.each(['decode', 'encode', 'step', 'predict'])(
    'an error thrown in the stage %s ends the call and frees handles',
    async (at) => {
      const { segmenter, engine } = open();
      const onProgress = ({ stage }: { stage: string }) => {
        if (stage === at) throw new RangeError('mine');
      };
      await expect(segmenter.segment(picture(), { ...cats, onProgress })).rejects.toThrow(new RangeError('mine'));
      expect(engine.open).toBe(0);
      await expect(segmenter.segment(picture(), cats)).resolves.toBeDefined();
    },
  );
});

describe('bad input', () => {
  it.each([
    ['options', undefined],
    ['steps', { ...cats, steps: NaN }],
    ['adam.learningRate', { ...cats, adam: { learningRate: -1 } }],
    ['signal', { ...cats, signal: {} }],
    ['signal', { ...cats, signal: null }],
    ['onProgress', { ...cats, onProgress: 'log' }],
    ['categorys. Did you mean', { categorys: ['cat'] }],
  ])('%s is refused before anything runs', async (text, options) => {
    const { segmenter, engine } = open();
    const error = await segmenter.segment(picture(), options as never).catch((error: Error) => error);
    expect(error).toEqual(code('INVALID_OPTION'));
    expect((error as Error).message).toContain(text.split('.')[0]);
    expect(engine.calls).toEqual([]);
  });

  it.each([
    [undefined, 'INVALID_CATEGORIES'],
    [[], 'INVALID_CATEGORIES'],
    [[''], 'INVALID_CATEGORIES'],
    [['cat', 'CAT'], 'INVALID_CATEGORIES'],
    [[5], 'INVALID_CATEGORIES'],
    [Array.from({ length: 300 }, (_, i) => `n${i}`), 'TOO_MANY_CATEGORIES'],
  ])('categories %o give %s', async (categories, expected) => {
    const { segmenter } = open();
    await expect(segmenter.segment(picture(), { categories } as never)).rejects.toEqual(code(expected));
  });

  it.each([
    ['/no/such/picture.png', 'IMAGE_NOT_FOUND'],
    [Buffer.alloc(0), 'IMAGE_UNREADABLE'],
    [5, 'IMAGE_INVALID'],
    [null, 'IMAGE_INVALID'],
    [{ data: new Uint8Array(5), width: 2, height: 2 }, 'IMAGE_INVALID'],
  ])('the image %o gives %s, and the next call runs', async (input, expected) => {
    const { segmenter, engine } = open();
    await expect(segmenter.segment(input as never, cats)).rejects.toEqual(code(expected));
    expect(engine.calls).toEqual([]);
    await expect(segmenter.segment(picture(1, 1), cats)).resolves.toMatchObject({ width: 1, height: 1 });
  });

  it.each(['encodeText', 'encodeImage', 'createInversion', 'step', 'predict'])(
    '%s failing frees every handle',
    async (failAt) => {
      const { segmenter, engine } = open({ failAt });
      await expect(segmenter.segment(picture(), cats)).rejects.toEqual(code('OUT_OF_MEMORY'));
      expect(engine.open).toBe(0);
    },
  );
});
