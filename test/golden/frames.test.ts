/**
 * The frame of the loss: with queries and keys repeated to the nearest, a finer frame has the same values. (The paper
 * computes at 64×64 from maps of 16×16; this library computes where the maps are, with a 16th of the rows.)
 */
import { describe, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { relativeError } from './reference.js';

const SIDE = 8;
const REPEAT = 2;
const CATEGORIES = 3;

/** Point of the coarse frame that lies under each point of the fine one. */
const under = Array.from({ length: (SIDE * REPEAT) ** 2 }, (_, i) => {
  const fine = SIDE * REPEAT;
  return Math.floor(Math.floor(i / fine) / REPEAT) * SIDE + Math.floor((i % fine) / REPEAT);
});

/** [N × columns] → the same rows for every fine point. */
function repeatRows(rows: Float32Array, columns: number): Float32Array {
  return Float32Array.from({ length: under.length * columns }, (_, i) => {
    return rows[(under[Math.floor(i / columns)] as number) * columns + (i % columns)] as number;
  });
}

/** Smooth, different rows that sum to 1: points attend to what is near. */
function selfAttention(): Float32Array {
  const points = SIDE * SIDE;
  const map = new Float32Array(points * points);
  for (let i = 0; i < points; i++) {
    const row = Array.from({ length: points }, (_, j) => {
      const distance = Math.hypot((i % SIDE) - (j % SIDE), Math.floor(i / SIDE) - Math.floor(j / SIDE));
      return Math.exp(-distance / (1 + (i % 3))) * (1 + 0.5 * Math.sin(i * 0.7 + j * 1.3));
    });
    const sum = row.reduce((a, b) => a + b, 0);
    map.set(
      row.map((value) => value / sum),
      i * points,
    );
  }
  return map;
}

describe('frame of the loss', () => {
  const { binding } = loadBinding();
  const points = SIDE * SIDE;
  const fine = under.length;
  const self = selfAttention();
  const wave = (i: number) => 0.5 + 0.5 * Math.sin(0.31 * i * (1 + (i % 3)));
  const cross = Float32Array.from({ length: points * CATEGORIES }, (_, i) => wave(i));
  // Keys are repeated too, and each copy has its share of the attention.
  const keysRepeated = Float32Array.from({ length: points * fine }, (_, i) => {
    return (self[Math.floor(i / fine) * points + (under[i % fine] as number)] as number) / REPEAT ** 2;
  });
  const fineSelf = repeatRows(keysRepeated, fine);
  const fineCross = repeatRows(cross, CATEGORIES);

  it('has the same maps and losses when everything is repeated to the nearest', () => {
    const coarse = binding.refineAttention(self, cross, points, CATEGORIES, 1, null).value;
    const refined = binding.refineAttention(fineSelf, fineCross, fine, CATEGORIES, 1, null).value;
    expect(relativeError(refined, repeatRows(coarse, CATEGORIES))).toBeLessThan(1e-5);

    const a = binding.clusterLoss(self, coarse, points, CATEGORIES, 4, 0.5, 'printed', false);
    const b = binding.clusterLoss(fineSelf, refined, fine, CATEGORIES, 4, 0.5, 'printed', false);
    expect(a.intra).toBeGreaterThan(0.1);
    for (const name of ['intra', 'inter', 'loss'] as const) {
      expect(relativeError([b[name]], [a[name]]), name).toBeLessThan(1e-4);
    }

    const options = { normalise: 'none', reduce: 'mean', region: 'covered' } as const;
    const entropy = (maps: Float32Array, n: number) =>
      binding.entropyLoss(maps, new Float32Array(n).fill(1), 1, n, CATEGORIES, options).loss;
    expect(relativeError([entropy(refined, fine)], [entropy(coarse, points)])).toBeLessThan(1e-5);
  });
});
