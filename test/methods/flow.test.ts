/** What each method asks of the engine, and what becomes of its answers. */
import { afterEach, describe, expect, it } from 'vitest';
import { methodNames } from '../../lib/options/method-names.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { labelsAt } from '../../lib/segmenter/strengths.js';
import type { SegmentOptions } from '../../lib/segmenter/types.js';
import type { FakeBehaviour } from '../segmenter/fake.js';
import { FakeEngine, fakeParts, picture } from '../segmenter/fake.js';

let engine: FakeEngine;

async function segment(options: SegmentOptions, behaviour: FakeBehaviour = {}) {
  engine = new FakeEngine(behaviour);
  const segmenter = Segmenter.of(fakeParts(engine));
  try {
    return await segmenter.segment(picture(), options);
  } finally {
    await segmenter.dispose();
  }
}

const cats = { categories: ['cat', 'dog'] };

describe.each(methodNames)('the prediction of %s', (method) => {
  it.each([NaN, Infinity])('that is %s is an error with the method, the dtype and no handle left', async (scores) => {
    const failed = segment({ ...cats, method, steps: 1 }, { scores });
    await expect(failed).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining(`the method ${method}`),
    });
    expect(engine.open).toBe(0);
  });
});

describe('calls', () => {
  afterEach(() => expect(engine.open, 'handles left open').toBe(0));

  const calls = () => engine.calls.filter((name) => !['encodeText', 'encodeImage', 'dispose'].includes(name)).join(' ');

  it('diffsegmenter: a pass a name, then all maps together', async () => {
    await segment({ ...cats, method: 'diffsegmenter', background: { rule: 'word' } });
    expect(calls()).toBe(`scale ${'attend categories refine '.repeat(3)}join minMax label`);
    expect(engine.passes.map(({ prompt, timestep }) => [prompt, timestep])).toEqual([
      [0, 100],
      [1, 100],
      [2, 100],
    ]);
  });

  it('diffseg: one silent pass without noise; a second one for names', async () => {
    const { categories } = await segment({ method: 'diffseg' });
    expect(calls()).toBe('attend proposals labelSegments');
    expect(engine.passes[0]).toMatchObject({ timestep: 300, noiseSeed: null });
    expect(categories).toEqual(['segment 1', 'segment 2', 'segment 3']);
    await segment({ ...cats, method: 'diffseg' });
    expect(calls()).toBe('attend proposals attend categories minMax labelSegments');
    expect(engine.texts).toHaveLength(2);
    expect(engine.passes[0]!.selection.crossWeights).toEqual(new Float32Array(4));
    expect(engine.passes[1]!.selection.selfWeights).toEqual(new Float32Array(4));
  });

  it('iseg: clusters, then refines with reduced entropy', async () => {
    await segment({ ...cats, method: 'iseg' });
    expect(calls()).toBe('scale attend clusterMeans categories reduceEntropy refine minMax label');
    expect(engine.labelled[0]).toMatchObject({ background: 'complement', rescale: true, width: 8, height: 6 });
    await segment({ ...cats, method: 'iseg', attention: { refine: { iterations: 0 } }, prompt: { wordWeight: 1 } });
    expect(calls()).toBe('attend clusterMeans categories refine minMax label');
  });

  it('baseline and invseg pass the refinement and the rule on', async () => {
    await segment({ ...cats, method: 'baseline' });
    expect(engine.predictions[0]).toMatchObject({ refine: { iterations: 0 }, background: 'word' });
    await segment({
      ...cats,
      steps: 1,
      attention: { refine: { iterations: 4, entropyReduction: 0.1 } },
      background: { rule: 'threshold', threshold: 0.2 },
    });
    expect(engine.predictions[0]).toMatchObject({
      refine: { iterations: 4, entropyReduction: 0.1 },
      background: 'threshold',
      threshold: 0.2,
    });
    await segment({ ...cats, method: 'baseline', inference: { noise: false } });
    expect(engine.predictions[0]!.noiseSeed).toBeNull();
  });

  it.each(['attend', 'categories', 'refine', 'join', 'label'])('a failing %s frees all maps', async (failAt) => {
    await expect(segment({ ...cats, method: 'diffsegmenter' }, { failAt })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
    });
  });

  it('is cancelled between two passes', async () => {
    const controller = new AbortController();
    const onCall = (name: string) => name === 'refine' && controller.abort();
    const call = segment({ ...cats, method: 'diffsegmenter', signal: controller.signal }, { onCall });
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    expect(engine.passes).toHaveLength(1);
  });

  it('without names only diffseg runs', async () => {
    for (const method of ['baseline', 'iseg', 'diffsegmenter', 'invseg'] as const) {
      await expect(segment({ method }), method).rejects.toMatchObject({ code: 'INVALID_CATEGORIES' });
    }
  });

  it('an unknown method lists those there are', async () => {
    const wrong = segment({ ...cats, method: 'diffsegmentor' as 'iseg' });
    await expect(wrong).rejects.toThrow('"invseg", "baseline", "diffsegmenter", "diffseg" or "iseg"');
  });

  it('maps of a ruled background are those of the other categories', async () => {
    const { maps, segments } = await segment({ ...cats, method: 'iseg', saveMaps: true });
    expect(maps).toMatchObject({ size: 4, categories: ['cat', 'dog'] });
    expect(segments.map(({ label }) => label)).toEqual(['cat', 'dog', 'background']);
  });

  it('strengths come where they are asked for', async () => {
    expect((await segment({ ...cats, method: 'iseg' })).strengths).toBeUndefined();
    const { strengths } = await segment({ ...cats, method: 'iseg', saveStrengths: true });
    expect(strengths).toMatchObject({ background: 2 });
    expect(labelsAt(strengths!, 0.51).every((label) => label === 2)).toBe(true);
  });
});

describe('labelsAt', () => {
  const strengths = {
    foreground: Uint8Array.of(0, 1, 0, 1),
    strength: Float32Array.of(0.1, 0.3, 0.7, 1),
    background: 2,
  };
  it.each([
    [0, [0, 1, 0, 1]],
    [0.3, [2, 1, 0, 1]],
    [0.31, [2, 2, 0, 1]],
    [1, [2, 2, 2, 1]],
  ])('at %f', (threshold, labels) => expect([...labelsAt(strengths, threshold)]).toEqual(labels));

  it.each([-0.1, 1.1, NaN, '0.5'])('refuses %s', (threshold) => {
    expect(() => labelsAt(strengths, threshold as number)).toThrow(/from 0 to 1 for threshold/);
  });
});
