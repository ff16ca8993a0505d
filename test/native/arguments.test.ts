/** The addon checks what it is given: every wrong argument is an error with a code, never a crash. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import type { NativeEngineConfig, NativeInversion } from '../../lib/native/binding.js';
import { binding, closeMiniature, grey, type Opened, openMiniature, predictOptions, step } from './miniature.js';

let opened: Opened;
let inversion: NativeInversion;

beforeAll(async () => {
  opened = await openMiniature();
  inversion = await opened.engine.createInversion(opened.image, opened.embedding, opened.options);
});

afterAll(async () => {
  inversion.dispose();
  await closeMiniature(opened);
  expect(binding.probe().handles).toBe(0);
});

/** What JavaScript without types could pass. */
const any = <T>(value: unknown): T => value as T;
const failed = (code: string) => expect.objectContaining({ name: 'InvSegError', code });

describe('openEngine', () => {
  const open = async (change: (config: NativeEngineConfig) => object): Promise<unknown> => {
    const { engineConfig } = await openBundle();
    const config: NativeEngineConfig = {
      ...engineConfig,
      device: 'cpu',
      dtype: 'float32',
      threads: 1,
      checkFinite: false,
    };
    return binding.openEngine(any({ ...config, ...change(config) }));
  };

  it.each<[string, (config: NativeEngineConfig) => object, string]>([
    ['a device that is none', () => ({ device: 'toaster' }), 'INVALID_OPTION'],
    ['a CUDA device that is not there', () => ({ device: 'cuda:99' }), 'DEVICE_UNAVAILABLE'],
    ['a dtype that is none', () => ({ dtype: 'int8' }), 'INVALID_OPTION'],
    ['a device that is no string', () => ({ device: 7 }), 'INVALID_OPTION'],
    ['threads that are no integer', () => ({ threads: 1.5 }), 'INVALID_OPTION'],
    ['copyWeights that is no boolean', () => ({ copyWeights: 'yes' }), 'INVALID_OPTION'],
    ['layers that are no array', () => ({ layers: {} }), 'INVALID_OPTION'],
    ['a module that is missing', () => ({ unet: undefined }), 'INVALID_OPTION'],
    [
      'a weight that is missing',
      ({ unet }) => ({ unet: { ...unet, weights: unet.weights.slice(1) } }),
      'WEIGHTS_MISMATCH',
    ],
    [
      'a weight of another shape',
      ({ unet }) => ({ unet: { ...unet, weights: reshaped(unet.weights) } }),
      'WEIGHTS_MISMATCH',
    ],
    [
      'a script that is not there',
      ({ unet }) => ({ unet: { ...unet, code: undefined, script: '/nowhere/unet.pt' } }),
      'MODEL_NOT_FOUND',
    ],
    ['code that is no module', ({ unet }) => ({ unet: { ...unet, code: new Uint8Array(64) } }), 'MODEL_UNSUPPORTED'],
    ['code that is empty', ({ unet }) => ({ unet: { ...unet, code: new Uint8Array() } }), 'INVALID_OPTION'],
    ['code that is a text', ({ unet }) => ({ unet: { ...unet, code: 'a program' } }), 'SHAPE_MISMATCH'],
  ])('refuses %s', async (_, change, code) => {
    const before = binding.probe();
    const error = (await open(change).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as Error;
    expect(error).toEqual(failed(code));
    expect(error.message).not.toMatch(/\n {2,}at |frame #\d/);
    expect(binding.probe()).toEqual(before);
  });

  it.each([undefined, null, 7, 'cpu'])('refuses %s as configuration', async (value) => {
    await expect(binding.openEngine(any(value))).rejects.toEqual(failed('INVALID_OPTION'));
  });

  function reshaped(weights: NativeEngineConfig['unet']['weights']) {
    return weights.map((source, i) =>
      i === 0 ? { ...source, shape: [source.shape.reduce((a, b) => a * b, 1), 1, 1, 1, 1] } : source,
    );
  }
});

describe('an engine', () => {
  it('refuses ids of another length or type', async () => {
    const { engine, ids } = opened;
    await expect(engine.encodeText(ids.slice(1), 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeText(any(Float32Array.from(ids)), 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeText(any([...ids]), 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeText(ids, 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeText(ids, any('1'))).rejects.toEqual(failed('INVALID_OPTION'));
  });

  it('refuses ids that are not in the vocabulary', async () => {
    const { engine, ids } = opened;
    for (const id of [-1, 1_000_000]) {
      const error = (await engine
        .encodeText(Int32Array.from(ids).fill(id), 1)
        .catch((reason: unknown) => reason)) as Error;
      expect(error).toMatchObject({
        name: 'InvSegError',
        code: expect.stringMatching(/INVALID_OPTION|SHAPE_MISMATCH|INTERNAL/),
      });
    }
  });

  it('refuses a picture whose bytes do not fit its size', async () => {
    const { engine } = opened;
    await expect(engine.encodeImage(grey(8, 8), 8, 9, false, 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeImage(new Uint8Array(0), 0, 0, false, 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeImage(grey(8, 8), -8, -8, false, 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.encodeImage(grey(8, 8), NaN, 8, false, 0)).rejects.toEqual(failed('INVALID_OPTION'));
    await expect(engine.encodeImage(any('picture'), 8, 8, false, 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
  });

  it('refuses what is no handle, or one of another kind', async () => {
    const { engine, image, embedding, options } = opened;
    for (const wrong of [undefined, {}, embedding, engine]) {
      await expect(engine.createInversion(any(wrong), embedding, options)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    }
    for (const wrong of [null, 7, image]) {
      await expect(engine.createInversion(image, any(wrong), options)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    }
  });

  it('refuses handles of another engine', async () => {
    const other = await openMiniature();
    const { engine, embedding, image, options } = opened;
    await expect(engine.createInversion(other.image, embedding, options)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.createInversion(image, other.embedding, options)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await closeMiniature(other);
  });

  it.each<[string, object, RegExp]>([
    ['spans past the prompt', { spans: Int32Array.of(0, 1, 1, 0, 99, 1) }, /SHAPE_MISMATCH|INVALID_OPTION/],
    ['spans of no sub-token', { spans: Int32Array.of(0, 1, 0, 0, 2, 1) }, /SHAPE_MISMATCH|INVALID_OPTION/],
    ['a prompt that is not there', { spans: Int32Array.of(3, 1, 1, 0, 2, 1) }, /SHAPE_MISMATCH|INVALID_OPTION/],
    ['no spans', { spans: new Int32Array(0) }, /SHAPE_MISMATCH/],
    ['a rule that is none', { subtokens: 'median' }, /INVALID_OPTION/],
    ['a gradient mode that is none', { gradient: 'none' }, /INVALID_OPTION/],
    ['a frame of 0', { frame: 0 }, /SHAPE_MISMATCH|INVALID_OPTION/],
    ['a mask of another length', { trainable: new Uint8Array(3) }, /SHAPE_MISMATCH/],
    ['a learning rate that is no number', { learningRate: 'fast' }, /INVALID_OPTION/],
    ['entropy options that are missing', { entropy: undefined }, /INVALID_OPTION/],
  ])('refuses an inversion with %s', async (_, change, code) => {
    const { engine, image, embedding, options } = opened;
    const error: unknown = await engine.createInversion(image, embedding, { ...options, ...change }).then(
      (made) => made.dispose(),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'InvSegError', code: expect.stringMatching(code) });
  });
});

describe('maps', () => {
  it('that came as members of an object fail with codes too', async () => {
    const { engine, image, embedding, selection } = opened;
    const { self, cross } = await engine.attend(image, embedding, {
      selection,
      timestep: 50,
      noiseSeed: 1,
      prompt: null,
    });
    await expect(cross!.reduceEntropy(1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(self!.reduceEntropy(any('much'))).rejects.toEqual(failed('INVALID_OPTION'));
    for (const maps of [self!, cross!]) maps.dispose();
    await expect(self!.minMax()).rejects.toEqual(failed('DISPOSED'));
  });
});

describe('an inversion', () => {
  it.each<[string, object]>([
    ['a box outside the image', { boxes: Float32Array.of(0.5, 0.5, 0.8, 0.8) }],
    ['an empty box', { boxes: Float32Array.of(0.5, 0.5, 0, 0) }],
    ['NaN in a box', { boxes: Float32Array.of(NaN, 0, 0.5, 0.5) }],
    ['three numbers for a box', { boxes: Float32Array.of(0, 0, 1) }],
    ['a timestep too many', { timesteps: Int32Array.of(1, 2) }],
    ['a timestep that the schedule has not', { timesteps: Int32Array.of(1000) }],
    ['a timestep below 0', { timesteps: Int32Array.of(-1) }],
    ['boxes that are no typed array', { boxes: [0, 0, 1, 1] }],
  ])('refuses a step with %s', async (_, change) => {
    await expect(inversion.step(any({ ...step(), ...change }))).rejects.toMatchObject({
      name: 'InvSegError',
      code: expect.stringMatching(/SHAPE_MISMATCH|INVALID_OPTION/),
    });
  });

  it('refuses predictions of no size and of no rule', async () => {
    const good = predictOptions(opened.selection);
    for (const change of [
      { width: 0 },
      { height: -1 },
      { order: 'sideways' },
      { selection: null },
      { timestep: 1000 },
    ]) {
      await expect(inversion.predict(any({ ...good, ...change }))).rejects.toMatchObject({
        name: 'InvSegError',
        code: expect.stringMatching(/SHAPE_MISMATCH|INVALID_OPTION/),
      });
    }
  });

  it('is as usable after a refusal as before', async () => {
    await expect(inversion.step(any(undefined))).rejects.toEqual(failed('INVALID_OPTION'));
    await expect(inversion.step(step())).resolves.toMatchObject({ finite: true });
    const { labels } = await inversion.predict(predictOptions(opened.selection));
    expect(labels).toHaveLength(64 * 48);
  });
});
