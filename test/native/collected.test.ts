/** Handles that nobody disposes: the garbage collector is the net below them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { NativeInversion } from '../../lib/native/binding.js';
import { binding, closeMiniature, openMiniature, step } from './miniature.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Finalisers run between turns of the event loop, and an engine is freed on its own thread after that. */
async function collected(done: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 100 && !done(); turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return done();
}

it('frees what was forgotten', async () => {
  const start = binding.probe();
  const forget = async (): Promise<void> => {
    const { engine, image, embedding, options } = await openMiniature();
    const inversion = await engine.createInversion(image, embedding, options);
    await inversion.step(step());
  };
  await forget();
  expect(binding.probe().handles).toBeGreaterThan(start.handles);
  expect(await collected(() => binding.probe().handles === start.handles)).toBe(true);
  expect(binding.probe()).toEqual(start);
});

it('keeps an engine whose handle is gone while an inversion needs it', async () => {
  const start = binding.probe();
  const open = async (): Promise<NativeInversion> => {
    const { engine, image, embedding, options } = await openMiniature();
    return engine.createInversion(image, embedding, options);
  };
  const inversion = await open();
  // Engine, embedding and image go; the inversion alone stays.
  expect(await collected(() => binding.probe().handles === start.handles + 1)).toBe(true);
  const pending = inversion.step(step());
  collect();
  await expect(pending).resolves.toMatchObject({ finite: true });
  inversion.dispose();
  expect(binding.probe()).toEqual(start);
});

it('frees the models at dispose even where an inversion was forgotten', async () => {
  const opened = await openMiniature();
  const inversion = await opened.engine.createInversion(opened.image, opened.embedding, opened.options);
  await closeMiniature(opened);
  await expect(inversion.step(step())).rejects.toMatchObject({ code: 'DISPOSED' });
  inversion.dispose();
});
