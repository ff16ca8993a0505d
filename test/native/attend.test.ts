/** One pass over the whole image, aggregated in one frame. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aggregateAttention } from '../../lib/functions/index.js';
import type { NativeEmbedding } from '../../lib/native/binding.js';
import { closeMiniature, type Opened, openMiniature } from './miniature.js';

let opened: Opened;
/** Two prompts of different words. */
let embedding: NativeEmbedding;

beforeAll(async () => {
  opened = await openMiniature();
  const { ids, engine } = opened;
  const other = ids.slice();
  [other[1], other[2]] = [ids[2]!, ids[1]!];
  embedding = await engine.encodeText(Int32Array.from([...ids, ...other]), 2);
});
afterAll(async () => {
  embedding.dispose();
  await closeMiniature(opened);
});

const part = (map: Float32Array, p: number): Float32Array =>
  map.subarray((p * map.length) / 2, ((p + 1) * map.length) / 2);

/** The pass's raw maps of one prompt, aggregated by the pure function. */
async function expected(kind: 'self' | 'cross', p: number, size: number): Promise<Float32Array> {
  const { engine, image, selection, ids } = opened;
  const raw = (await engine.readMaps(image, embedding, selection, 50, 1))[kind];
  const weights = kind === 'self' ? selection.selfWeights : selection.crossWeights;
  const read = raw.flatMap((map, level) =>
    map && weights[level]! > 0 ? [{ map: part(map, p), weight: weights[level]! }] : [],
  );
  const side = ({ length }: Float32Array) =>
    Math.round(kind === 'self' ? length ** 0.25 : Math.sqrt(length / ids.length));
  const input = { maps: read.map(({ map }) => map), sides: read.map(({ map }) => side(map)) };
  return aggregateAttention({ kind, ...input, weights: read.map(({ weight }) => weight), size }).value;
}

const difference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

describe('maps of one pass', () => {
  it.each([[undefined, 32] as const, [16, 16] as const, [8, 8] as const])(
    'in the frame %s have %i points a side',
    async (frame, size) => {
      const { engine, image, selection } = opened;
      const pass = { selection, timestep: 50, noiseSeed: 1, prompt: null, ...(frame && { frame }) };
      const { self, cross } = await engine.attend(image, embedding, pass);
      expect(self!.shape).toEqual([1, size ** 2, size ** 2]);
      expect(cross!.shape).toEqual([2, size ** 2, opened.ids.length]);
      const [first, second] = [await expected('self', 0, size), await expected('self', 1, size)];
      expect(
        difference(
          await self!.read(),
          first.map((x, i) => (x + second[i]!) / 2),
        ),
      ).toBeLessThan(1e-6);
      expect(difference(first, second)).toBeGreaterThan(1e-5); // or the mean over the prompts would not be seen
      const maps = await cross!.read();
      for (const p of [0, 1]) expect(difference(part(maps, p), await expected('cross', p, size))).toBeLessThan(1e-5);
      for (const one of [self!, cross!]) one.dispose();
    },
  );

  it.each([
    [0, 'SHAPE_MISMATCH'],
    [-1, 'SHAPE_MISMATCH'],
    ['wide', 'INVALID_OPTION'],
  ])('has no frame %s', async (frame, code) => {
    const { engine, image, selection } = opened;
    const pass = { selection, timestep: 50, noiseSeed: 1, prompt: null, frame: frame as number };
    await expect(engine.attend(image, embedding, pass)).rejects.toMatchObject({ name: 'InvSegError', code });
  });
});
