/** Steps of several images in one pass: each is what it is alone. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NativeInversion } from '../../lib/native/binding.js';
import { binding, closeMiniature, type Opened, openMiniature, step } from './miniature.js';

let opened: Opened;
beforeAll(async () => void (opened = await openMiniature()));
afterAll(async () => {
  await closeMiniature(opened);
  expect(binding.probe().handles).toBe(0);
});

const failed = (code: string) => expect.objectContaining({ name: 'InvSegError', code });
const any = <T>(value: unknown): T => value as T;

async function withInversions(count: number, work: (inversions: NativeInversion[]) => Promise<void>): Promise<void> {
  const { engine, image, embedding, options } = opened;
  const inversions: NativeInversion[] = [];
  try {
    for (let i = 0; i < count; i++) inversions.push(await engine.createInversion(image, embedding, options));
    await work(inversions);
  } finally {
    for (const inversion of inversions) inversion.dispose();
  }
}

it('gives each image its own loss and update', () =>
  withInversions(4, async ([a, b, aloneA, aloneB]) => {
    const plans = [0, 1].map((image) => [0, 1, 2].map((i) => ({ ...step(), noiseSeed: 10 * image + i })));
    await Promise.all([a!.plan(plans[0]!), b!.plan(plans[1]!), aloneA!.plan(plans[0]!), aloneB!.plan(plans[1]!)]);
    for (let i = 0; i < 3; i++) {
      const results = await opened.engine.nextTogether([a!, b!], 2);
      expect(results.map((steps) => steps.length)).toEqual([1, 1]); // a CPU makes one
      const together = results.flat();
      const alone = [...(await aloneA!.next(1)), ...(await aloneB!.next(1))];
      expect(together.map(({ finite }) => finite)).toEqual([true, true]);
      together.forEach(({ loss }, k) => expect(loss).toBeCloseTo(alone[k]!.loss, 5));
    }
    const [learnt, wanted] = [await a!.embedding(), await aloneA!.embedding()];
    learnt.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-3));
  }));

it('refuses what is no such pass', () =>
  withInversions(2, async ([a, b]) => {
    const { engine } = opened;
    await expect(engine.nextTogether([], 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.nextTogether(any(7), 1)).rejects.toEqual(failed('INVALID_OPTION'));
    await expect(engine.nextTogether([any({})], 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await a!.plan([step()]);
    await expect(engine.nextTogether([a!], 0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.nextTogether([a!], any('two'))).rejects.toEqual(failed('INVALID_OPTION'));
    await expect(a!.next(0)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(engine.nextTogether([a!, b!], 1)).rejects.toEqual(failed('SHAPE_MISMATCH')); // b has no step planned
    await expect(engine.nextTogether([a!, a!], 1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(a!.next(5)).resolves.toMatchObject([{ finite: true }]); // and no refusal has used it up
    await expect(a!.next(1)).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(a!.plan(any([{}]))).rejects.toEqual(failed('SHAPE_MISMATCH'));
    await expect(a!.plan(any({}))).rejects.toEqual(failed('INVALID_OPTION'));
  }));
