/** Defaults of a method, presets above them, and resolutions that fit any model. */
import { describe, expect, it } from 'vitest';
import { resolveWeights } from '../../lib/methods/selections.js';
import { mapSelection } from '../../lib/models/index.js';
import { methodDefaults, presets, resolveOptions } from '../../lib/options/index.js';
import { methodNames } from '../../lib/options/method-names.js';
import { backgroundWordLists } from '../../lib/text/background-words.js';

describe('defaults', () => {
  it.each(methodNames)('of %s are options that the table accepts', (method) => {
    expect(resolveOptions({ method })).toMatchObject({ ...methodDefaults[method], method });
  });

  it('stand below what the caller gives, group by group', () => {
    const { attention, prompt, inference } = resolveOptions({
      method: 'iseg',
      attention: { refine: { iterations: 3 } },
      inference: { timestep: 50 },
    });
    expect([attention.refine, prompt.template, inference.timestep]).toEqual([
      { iterations: 3, entropyReduction: 0.015 },
      'a photograph of {} and other object and background',
      50,
    ]);
  });

  it('of a model for a method stand above its own and below what the caller gives', () => {
    const model = { diffseg: { diffseg: { threshold: 0.2 }, inference: { timestep: 50 } } };
    const { diffseg, inference } = resolveOptions({ method: 'diffseg', diffseg: { anchors: 8 } }, model);
    expect(diffseg).toEqual({ anchors: 8, threshold: 0.2, iterations: 3 });
    expect(inference).toMatchObject({ timestep: 50, noise: false });
    expect(resolveOptions({ method: 'diffseg', diffseg: { threshold: 1 } }, model).diffseg.threshold).toBe(1);
    expect(resolveOptions({ method: 'baseline' }, model)).toEqual(resolveOptions({ method: 'baseline' }));
  });

  it.each(['diffseg', 'diffsegmenter', 'iseg'] as const)(
    "of a model give way to the author's with a preset: %s",
    (method) => {
      const model = {
        [method]: {
          prompt: { wordWeight: 7 },
          inference: { timestep: 9 },
          attention: { refine: { iterations: 2 } },
        },
      };
      const preset = method === 'iseg' ? 'iseg-voc' : `${method}-paper`;
      expect(resolveOptions({ method }, model).prompt.wordWeight).toBe(7);
      expect(resolveOptions({ preset }, model)).toEqual(resolveOptions({ method }));
    },
  );

  it("survive being resolved twice, as the command line's are", () => {
    const once = resolveOptions({ preset: 'iseg-coco', seed: 4 });
    expect(resolveOptions(once)).toEqual(once);
  });

  it.each([
    ['iseg-voc', 8, 0.015, 'complement', 25],
    ['iseg-context', 5, 0.002, 'complement', 0],
    ['iseg-coco', 10, 0.2, 'threshold', 23],
  ])('%s: %i iterations, λ %f', (preset, iterations, entropyReduction, rule, words) => {
    expect(Object.keys(presets)).toContain(preset);
    const options = resolveOptions({ preset });
    expect(options).toMatchObject({
      method: 'iseg',
      attention: { refine: { iterations, entropyReduction } },
      background: { rule },
      prompt: { wordWeight: 1.6 },
    });
    expect(backgroundWordLists[options.background.words as 'voc']).toHaveLength(words);
    if (preset === 'iseg-coco') expect(options.background.threshold).toBe(0.45);
  });

  it('of another method do not leak in with a preset', () => {
    expect(resolveOptions({ preset: 'iseg-voc', method: 'baseline' }).prompt.template).toBe('{}');
  });

  it.each([
    [{ attention: { refine: { iterations: 1.5 } } }, 'attention.refine.iterations'],
    [{ attention: { refine: { entropyReduction: -1 } } }, 'attention.refine.entropyReduction'],
    [{ diffseg: { anchors: 17 } }, 'diffseg.anchors'],
    [{ diffseg: { threshold: 0 } }, 'diffseg.threshold'],
    [{ iseg: { cluster: 3 } }, 'iseg.clusters'],
    [{ background: { rule: 'none' } }, 'background.rule'],
    [{ background: { threshold: 1.1 } }, 'background.threshold'],
    [{ background: { words: ['sky', ''] } }, 'background.words'],
    [{ background: { words: 'city' } }, 'background.words'],
    [{ prompt: { caption: 3 } }, 'prompt.caption'],
    [{ prompt: { caption: { cat: 3 } } }, 'prompt.caption.cat'],
    [{ prompt: { wordWeight: 0 } }, 'prompt.wordWeight'],
    [{ attention: { inferenceCross: { 'latent/3': 1 } } }, 'attention.inferenceCross.latent/3'],
    [{ attention: { layers: { inferenceSelf: { lenient: 1 } } } }, 'attention.layers.inferenceSelf.lenient'],
  ])('%j is refused', (options, name) => {
    expect(() => resolveOptions(options as object)).toThrow(name);
  });
});

describe('resolutions relative to the latent', () => {
  const big = { name: 'big', latentSize: 64, resolutions: [64, 32, 16, 8] };
  const shallow = { name: 'shallow', latentSize: 32, resolutions: [32, 16] };
  const asked = methodDefaults.diffsegmenter.attention!.inferenceCross!;

  it("are DiffSegmenter's for a latent of 64", () => {
    expect(resolveWeights('inferenceCross', asked, {}, big)).toEqual({ 8: 0.3, 16: 0.5, 32: 0.1, 64: 0.1 });
  });

  it('are passed over where a model has none of them, sides are not', () => {
    expect(resolveWeights('inferenceCross', asked, {}, shallow)).toEqual({ 16: 0.1, 32: 0.1 });
    expect(() => resolveWeights('inferenceCross', { 8: 1 }, {}, shallow)).toThrow(
      /\(32, 16\) for inferenceCross but received 8/,
    );
    expect(() => resolveWeights('inferenceCross', { 'latent/8': 1 }, {}, shallow)).toThrow(/latent\/8/);
  });
});

describe('a lenient choice of layers', () => {
  const layers = [
    { name: 'down_blocks.0.attentions.0', level: 0, heads: 1 },
    { name: 'up_blocks.3.attentions.0', level: 0, heads: 3 },
    { name: 'up_blocks.3.attentions.1', level: 0, heads: 3 },
  ];
  const manifest = { name: 'tiny', layers, image: { latentSize: 8 } } as Parameters<typeof mapSelection>[0];
  const heads = (choice: object) => {
    const { selfHeads } = mapSelection(manifest, { self: { 8: 1 }, selfLayers: { ...choice, lenient: true } });
    return [...selfHeads].map((weight) => Number(weight.toFixed(4)));
  };

  it('reads what there is', () => {
    expect(heads({ layers: ['up_blocks.3.attentions.1', 'up_blocks.3.attentions.7'], heads: [1, 2, 9] })).toEqual([
      0, 0, 0, 0, 0, 0, 0, 0.5, 0.5,
    ]);
  });

  it('reads everything of a resolution where nothing that was named is there', () => {
    expect(heads({ layers: ['mid_block'], heads: [5] })).toEqual([
      0.3333, 0, 0, 0.1111, 0.1111, 0.1111, 0.1111, 0.1111, 0.1111,
    ]);
  });

  it('is not the default', () => {
    const selfLayers = { layers: ['mid_block'] };
    expect(() => mapSelection(manifest, { self: { 8: 1 }, selfLayers })).toThrow(/but received mid_block/);
  });
});
