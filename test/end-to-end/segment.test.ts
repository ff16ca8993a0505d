import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SegmentOptions } from '../../lib/index.js';
import { maskOf, Segmenter } from '../../lib/index.js';
import { openHandles, pictures } from './model.js';

const { file, categories } = pictures[0]!;
let segmenter: Segmenter;
let before: number;
beforeAll(async () => {
  segmenter = await Segmenter.open({ device: 'cpu' });
  before = openHandles();
}, 120_000);
afterAll(async () => {
  await segmenter.dispose();
});

const run = (options: Partial<SegmentOptions> = {}) =>
  segmenter.segment(file, { categories, steps: 2, seed: 1, ...options } as SegmentOptions);
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe('both methods', () => {
  it('give labels, scores and maps in range', async () => {
    for (const method of ['baseline', 'invseg'] as const) {
      const result = await run({ method, saveMaps: true });
      const { width, height, labels, segments, losses, maps, status } = result;
      expect([width, height, labels.length, status]).toEqual([256, 256, 256 * 256, 'completed']);
      expect(losses).toHaveLength(method === 'baseline' ? 0 : 2);
      expect(Math.max(...new Set(labels))).toBeLessThan(segments.length);
      for (const { score, area, index } of segments) {
        const mask = maskOf(result, index);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        expect(mask.reduce((sum, value) => sum + value, 0)).toBe(area);
        expect(labels.filter((label) => label === index)).toHaveLength(area);
      }
      expect(maps!.data).toHaveLength(segments.length * maps!.size ** 2);
      expect(Math.min(...maps!.data)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...maps!.data)).toBeLessThanOrEqual(1);
    }
    expect(openHandles()).toBe(before);
  });

  it('give results that another thread can take over', async () => {
    const result = await run({ saveMaps: true, saveStrengths: true, compareLoss: true });
    const labels = result.labels.slice();
    const copy = structuredClone(result, { transfer: [result.labels.buffer as ArrayBuffer] });
    expect(copy.labels).toEqual(labels);
    expect(result.labels).toHaveLength(0);
    expect(() => maskOf(result, 0)).toThrow(/transferred to another thread/);
    expect(maskOf(copy, 0).reduce((sum, value) => sum + value, 0)).toBe(copy.segments[0]!.area);
  });

  it('agree where there are no steps', async () => {
    const [zero, baseline] = [await run({ steps: 0 }), await run({ method: 'baseline' })];
    expect(same(zero.labels, baseline.labels)).toBe(true);
  });

  it('see every name of every bundled picture somewhere', async () => {
    for (const picture of pictures) {
      const { segments } = await segmenter.segment(picture.file, {
        categories: picture.categories,
        method: 'baseline',
      });
      for (const { label, area } of segments) expect(area, `${label} in ${picture.file}`).toBeGreaterThan(0);
    }
  });
});

describe('seeds', () => {
  it('repeat a result to the last bit', async () => {
    const [a, b] = [await run(), await run()];
    expect(same(a.labels, b.labels)).toBe(true);
    expect(b.losses.map(({ total }) => total)).toEqual(a.losses.map(({ total }) => total));
  });

  it('repeat it in another segmenter', async () => {
    await using other = await Segmenter.open({ device: 'cpu' });
    const [a, b] = [await run(), await other.segment(file, { categories, steps: 2, seed: 1 })];
    expect(same(a.labels, b.labels)).toBe(true);
  });

  it('change views, timesteps and losses', async () => {
    const [a, b] = [await run({ seed: 1 }), await run({ seed: 2 })];
    expect(b.losses.map(({ total }) => total)).not.toEqual(a.losses.map(({ total }) => total));
  });
});

describe('the loop', () => {
  it('brings the loss down on the views of the first step', async () => {
    for (const picture of pictures.slice(0, 2)) {
      const { comparison } = await segmenter.segment(picture.file, {
        categories: picture.categories,
        compareLoss: true,
      });
      expect(comparison!.after, picture.file).toBeLessThan(comparison!.before);
    }
  });

  it('brings the loss down', async () => {
    const { losses } = await run({ steps: 15, views: { fresh: 'perImage', timesteps: [50, 50], crop: { min: 1 } } });
    const mean = (part: typeof losses) => part.reduce((sum, { total }) => sum + total, 0) / part.length;
    expect(mean(losses.slice(-3))).toBeLessThan(mean(losses.slice(0, 3)));
    for (const { gradientNorm } of losses) expect(gradientNorm).toBeGreaterThan(0);
  });

  it.each([
    { loss: { gradient: 'distance-constant' } },
    { loss: { gradient: 'self-constant' } },
    { loss: { gradient: 'keys-only' } },
    { loss: { interPairs: 'symmetric' } },
    { loss: { entropy: { normalise: 'l1', region: 'overlap' } } },
    { loss: { entropy: { normalise: 'softmax', reduce: 'sum' } } },
    { views: { fresh: 'perImage' } },
    { views: { count: 1 } },
    { views: { count: 3 } },
    { views: { crop: { rule: 'area', min: 0.4 } } },
    { prompt: { trainable: 'all-but-sos' } },
    { prompt: { trainable: 'all' } },
    { attention: { subtokens: 'last' } },
    { attention: { subtokens: 'max' } },
    { attention: { training: { 16: 0.5, 32: 0.5 } } },
    { attention: { training: { 8: 1 } } },
    { attention: { inferenceCross: { 16: 1 }, inferenceSelf: 'proportional' } },
    { attention: { layers: { inferenceCross: { heads: [0] } } } },
    { attention: { frame: 'latent' } },
    { attention: { frame: 24 } },
    { attention: { refineIterations: 2 } },
    { attention: { crossScale: 'min-max' } },
    { prompt: { template: 'a photo of {} on grass', separator: ' and ' } },
    { background: { name: 'grass' } },
    { inference: { order: 'argmax-first' } },
    { latentSample: true },
    { loss: { alpha: 0 } },
    { loss: { clusterWeight: 0 } },
    { preset: 'paper' },
  ] satisfies Partial<SegmentOptions>[])('runs with %j', async (options) => {
    const { losses, status, labels } = await run(options);
    expect(status).toBe('completed');
    expect(losses.map(({ total }) => Number.isFinite(total))).toEqual([true, true]);
    expect(labels).toHaveLength(256 * 256);
    expect(openHandles()).toBe(before);
  });

  it('says so when a learning rate blows the prompt up', async () => {
    const message = expect.stringContaining('adam.learningRate 1e+38 too large') as string;
    await expect(run({ steps: 4, adam: { learningRate: 1e38 } })).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message,
    });
    expect(openHandles()).toBe(before);
  });
});

describe('names', () => {
  it('one name is enough', async () => {
    const { segments } = await run({ categories: ['cat'] });
    expect(segments.map(({ label }) => label)).toEqual(['cat', 'background']);
  });

  it('in any script, and many', async () => {
    const many = ['猫', 'кошка', 'γάτα', '🐱', 'Zoë', ...'abcdefghijklmnopqrstuvwxyz'].map((name) => `${name} x`);
    const result = await run({ categories: many, steps: 1 });
    expect(result.segments).toHaveLength(many.length + 1);
    expect(result.prompts.length).toBeGreaterThan(1);
    expect(result.warnings[0]).toContain('did not fit into one prompt');
  });

  it.each([
    [['x'.repeat(5000)], 'INVALID_CATEGORIES'],
    [['ab '.repeat(200).trim()], 'NAME_TOO_LONG'],
    [[], 'INVALID_CATEGORIES'],
    [['cat', ''], 'INVALID_CATEGORIES'],
    [['cat', 'Cat'], 'INVALID_CATEGORIES'],
    [Array.from({ length: 400 }, (_, i) => `name ${i}`), 'TOO_MANY_CATEGORIES'],
  ])('%#: refused in milliseconds', async (names, code) => {
    await expect(run({ categories: names })).rejects.toMatchObject({ name: 'InvSegError', code });
  });
});

it('refuses resolutions and layers that the model has not', async () => {
  await expect(run({ attention: { training: { 64: 1 } } })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  await expect(run({ attention: { layers: { inferenceCross: { layers: ['nowhere'] } } } })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
});
