/** Handles: disposal before, during and after work, and nothing left of them. */
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import type { NativeEngineConfig } from '../../lib/native/binding.js';
import { binding, closeMiniature, type Opened, openMiniature, predictOptions, step } from './miniature.js';

const failed = (code: string) => expect.objectContaining({ name: 'InvSegError', code });
const SECONDS_OF_WORK = 24; // views
const LOAD = new URL('../../dist/native/load.js', import.meta.url).href;

let opened: Opened;
let start: { handles: number; bytes: number };

beforeEach(async () => {
  start = binding.probe();
  opened = await openMiniature();
});

afterEach(async () => {
  await closeMiniature(opened);
  // Whatever a test did, what it opened is gone.
  expect(binding.probe()).toEqual(start);
});

describe('probe', () => {
  it('counts every handle and its bytes', async () => {
    const { engine, image, embedding, options } = opened;
    const three = binding.probe();
    expect(three.handles).toBe(start.handles + 3);
    expect(three.bytes).toBeGreaterThan(start.bytes + 1e6);
    const inversion = await engine.createInversion(image, embedding, options);
    expect(binding.probe().handles).toBe(three.handles + 1);
    await inversion.step(step());
    inversion.dispose();
    expect(binding.probe()).toEqual(three);
  });
});

describe('dispose', () => {
  it('twice does what once does', async () => {
    const { engine, image, embedding } = opened;
    for (const handle of [image, embedding]) {
      handle.dispose();
      handle.dispose();
    }
    await Promise.all([engine.dispose(), engine.dispose()]);
    await engine.dispose();
  });

  it('makes later calls fail', async () => {
    const { engine, image, embedding, options, ids, selection } = opened;
    const inversion = await engine.createInversion(image, embedding, options);
    inversion.dispose();
    await expect(inversion.step(step())).rejects.toEqual(failed('DISPOSED'));
    await expect(inversion.predict(predictOptions(selection))).rejects.toEqual(failed('DISPOSED'));
    await expect(inversion.embedding()).rejects.toEqual(failed('DISPOSED'));
    image.dispose();
    await expect(image.latent()).rejects.toEqual(failed('DISPOSED'));
    expect(() => image.width).toThrow(/disposed/);
    await expect(engine.createInversion(image, embedding, options)).rejects.toEqual(failed('DISPOSED'));
    embedding.dispose();
    await expect(embedding.read()).rejects.toEqual(failed('DISPOSED'));
    await engine.dispose();
    await expect(engine.encodeText(ids, 1)).rejects.toEqual(failed('DISPOSED'));
    expect(() => engine.device).toThrow(/disposed/);
  });

  it('of the parts leaves the inversion whole', async () => {
    const { engine, image, embedding, options } = opened;
    const inversion = await engine.createInversion(image, embedding, options);
    image.dispose();
    embedding.dispose();
    await expect(inversion.step(step())).resolves.toMatchObject({ finite: true });
    inversion.dispose();
  });

  it('of an inversion during its step lets the step end', async () => {
    const { engine, image, embedding, options } = opened;
    const inversion = await engine.createInversion(image, embedding, options);
    const running = inversion.step(step(SECONDS_OF_WORK));
    await new Promise((resolve) => setTimeout(resolve, 50));
    inversion.dispose();
    await expect(running).resolves.toMatchObject({ finite: true });
  });

  it('of the engine lets the running job end and refuses what waits', async () => {
    const { engine, image, embedding, options } = opened;
    const inversion = await engine.createInversion(image, embedding, options);
    const running = inversion.step(step(SECONDS_OF_WORK));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const waiting = [inversion.step(step()), inversion.embedding(), image.latent()];
    const outcomes = Promise.allSettled([running, ...waiting]);
    await engine.dispose();
    const [first, ...rest] = await outcomes;
    expect(first).toMatchObject({ status: 'fulfilled' });
    for (const outcome of rest) expect(outcome).toMatchObject({ status: 'rejected', reason: failed('DISPOSED') });
    await expect(inversion.step(step())).rejects.toEqual(failed('DISPOSED'));
    inversion.dispose();
  });

  it('between two steps that were asked for at once keeps their order', async () => {
    const { engine, image, embedding, options } = opened;
    const inversion = await engine.createInversion(image, embedding, options);
    const [first, second, learnt] = await Promise.all([
      inversion.step(step()),
      inversion.step(step()),
      inversion.embedding(),
    ]);
    expect(second.loss).not.toBe(first.loss);
    expect(learnt).not.toEqual(await embedding.read());
    inversion.dispose();
  });
});

it('engines work side by side, each on its own thread', async () => {
  const other = await openMiniature();
  const inversions = await Promise.all(
    [opened, other].map(({ engine, image, embedding, options }) => engine.createInversion(image, embedding, options)),
  );
  const [a, b] = await Promise.all(inversions.map((inversion) => inversion.step(step(4))));
  expect(a?.loss).toBe(b?.loss);
  for (const inversion of inversions) inversion.dispose();
  await closeMiniature(other);
});

it('threads of an engine are its own', async () => {
  const ask = (): Promise<unknown> => {
    const body = `import(${JSON.stringify(LOAD)}).then(({ loadBinding }) =>
      require('node:worker_threads').parentPort.postMessage(loadBinding().binding.info().threads));`;
    const worker = new Worker(body, { eval: true });
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  };
  const standard = binding.info().threads;
  const { engineConfig } = await openBundle();
  const threads = standard + 3;
  const config: NativeEngineConfig = { ...engineConfig, device: 'cpu', dtype: 'float32', checkFinite: false, threads };
  const engine = await binding.openEngine(config);
  expect(await ask()).toBe(standard);
  await engine.dispose();
  expect(await ask()).toBe(standard);
  expect(binding.info().threads).toBe(standard);
});

it('a buffer that JavaScript changes after the call changes nothing', async () => {
  const { engine } = opened;
  const rgb = new Uint8Array(64 * 48 * 3).fill(120);
  const pending = engine.encodeImage(rgb, 64, 48, false, 0);
  rgb.fill(0);
  const image = await pending;
  expect(await image.latent()).toEqual(await opened.image.latent());
  image.dispose();
});

it('thirty inversions in a row keep no memory', async () => {
  const { engine, image, embedding, options } = opened;
  const round = async (): Promise<void> => {
    const inversion = await engine.createInversion(image, embedding, options);
    await inversion.step(step());
    inversion.dispose();
  };
  for (let i = 0; i < 5; i++) await round();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 30; i++) await round();
  expect(process.memoryUsage().rss - before).toBeLessThan(64e6);
});
