/** Category maps to put before the loss: what the model sees, and what is true. All are [points × categories] in [0, 1]. */
import type { LabelMap } from '../labels/index.js';

/** The maps whose loss is compared. */
export const candidateNames = ['soft', 'hard', 'truth', 'refined truth', 'shifted truth'] as const;
/**
 * What maps are put before the loss: those that the model sees, and those that are true.
 *
 * @useDeclaredType
 */
export type CandidateName = (typeof candidateNames)[number];

/**
 * Ground truth in a frame: the share of each cell that belongs to each category. Ignored pixels, and classes that are no
 * category of this picture, do not count; a cell without any other pixel is 0 in every category.
 *
 * @param mask labels of the data set @param categoryOf label → category index, or undefined
 */
export function truthMaps(
  mask: LabelMap,
  categoryOf: readonly (number | undefined)[],
  categories: number,
  side: number,
): Float32Array {
  const maps = new Float32Array(side * side * categories);
  const { width, height, labels } = mask;
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * side) / height) * side;
    for (let x = 0; x < width; x++) {
      const category = categoryOf[labels[y * width + x]!];
      if (category !== undefined) maps[(row + Math.floor((x * side) / width)) * categories + category]!++;
    }
  }
  for (let at = 0; at < maps.length; at += categories) {
    const cell = maps.subarray(at, at + categories);
    const total = cell.reduce((sum, value) => sum + value, 0);
    if (total > 0) for (let c = 0; c < categories; c++) cell[c]! /= total;
  }
  return maps;
}

/** 1 for the highest category of each point, the first of equal ones; a point where all are 0 stays 0. */
export function oneHot(maps: Float32Array, categories: number): Float32Array {
  const out = new Float32Array(maps.length);
  for (let at = 0; at < maps.length; at += categories) {
    let best = 0;
    for (let c = 1; c < categories; c++) if (maps[at + c]! > maps[at + best]!) best = c;
    if (maps[at + best]! > 0) out[at + best] = 1;
  }
  return out;
}

/** The first `kept` of each point's `categories`: a background that comes from a rule has no map. */
export function firstColumns(maps: Float32Array, categories: number, kept: number): Float32Array {
  if (kept === categories) return maps;
  const out = new Float32Array((maps.length / categories) * kept);
  for (let at = 0, to = 0; at < maps.length; at += categories, to += kept) out.set(maps.subarray(at, at + kept), to);
  return out;
}

/** The maps with every point at 0 whose highest value is below `least`. */
export function whereAtLeast(maps: Float32Array, categories: number, least: number): Float32Array {
  const out = maps.slice();
  for (let at = 0; at < maps.length; at += categories) {
    if (Math.max(...maps.subarray(at, at + categories)) < least) out.fill(0, at, at + categories);
  }
  return out;
}

/** The maps with every point at 0 that has no truth. @param truth [points × all] of every class, the background too */
export function whereTrue(maps: Float32Array, categories: number, truth: Float32Array, all: number): Float32Array {
  const out = maps.slice();
  for (let i = 0; i < maps.length / categories; i++) {
    if (truth.subarray(i * all, (i + 1) * all).every((value) => value === 0))
      out.fill(0, i * categories, (i + 1) * categories);
  }
  return out;
}

/** The maps moved right and down by `dx` and `dy` points; what leaves on one side comes in on the other. */
export function shifted(maps: Float32Array, categories: number, side: number, dx: number, dy: number): Float32Array {
  const out = new Float32Array(maps.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const to = (((y + dy) % side) * side + ((x + dx) % side)) * categories;
      const from = (y * side + x) * categories;
      out.set(maps.subarray(from, from + categories), to);
    }
  }
  return out;
}

/** Cosine of two vectors; NaN where one is 0. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa === 0 || bb === 0 ? NaN : ab / Math.sqrt(aa * bb);
}
