/** Points that stand for a category: the soft ones of the loss, and the one that is shown. */
import { InvSegError } from '../errors.js';
import type { CategoryMaps } from '../segmenter/index.js';

/**
 * The soft selection that eq. 5 starts from: sigmoid(scale · (M − centre)), point by point. For the page: the
 * loss makes its own and keeps none.
 */
export function softAnchors(maps: Float32Array, scale: number, centre: number): Float32Array {
  return maps.map((value) => anchorOf(value, scale, centre));
}

export const anchorOf = (value: number, scale: number, centre: number): number =>
  1 / (1 + Math.exp(-scale * (value - centre)));

/** A place in the image. */
export interface Place {
  /** From the left, in [0, 1]. */
  x: number;
  /** From the top, in [0, 1]. */
  y: number;
}

/** A point of the image that stands for a category. */
export interface ChosenPoint extends Place {
  /** The category it stands for, or undefined where the caller named the point. */
  category?: string;
}

/**
 * One point a category: of the points where its map is the highest of all, the one nearest to their centre of mass. The
 * centre itself may lie on something else (the background's often does). A category that is nowhere highest gets the
 * highest point of its own map.
 */
export function categoryPoints({ data, size, categories }: CategoryMaps): ChosenPoint[] {
  const points = size * size;
  const owner = Array.from({ length: points }, (_, i) => highest(categories.map((_, c) => data[c * points + i]!)));
  return categories.map((category, c) => {
    const map = data.subarray(c * points, (c + 1) * points);
    const own = owner.flatMap((label, i) => (label === c ? [i] : []));
    return { category, ...centreOf(own.length > 0 ? nearest(own, map, size) : highest(map), size) };
  });
}

/** Of `own`, the point nearest to their centre of mass under `map`. */
function nearest(own: readonly number[], map: Float32Array, size: number): number {
  const mass = own.reduce((sum, i) => sum + map[i]!, 0) || 1;
  const mean = (part: (i: number) => number): number => own.reduce((sum, i) => sum + map[i]! * part(i), 0) / mass;
  const [x, y] = [mean((i) => i % size), mean((i) => Math.floor(i / size))];
  const distance = (i: number): number => Math.hypot((i % size) - x, Math.floor(i / size) - y);
  return own.reduce((best, i) => (distance(i) < distance(best) ? i : best));
}

/** Index of the highest value, the first of equal ones. */
export function highest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Middle of a cell of a size × size frame. */
export function centreOf(index: number, size: number): Place {
  return { x: ((index % size) + 0.5) / size, y: (Math.floor(index / size) + 0.5) / size };
}

export function cellOf({ x, y }: Place, size: number): number {
  const cell = (share: number): number => Math.min(size - 1, Math.floor(share * size));
  return cell(y) * size + cell(x);
}

/**
 * Pixels of the picture as places.
 * @throws {InvSegError} `INVALID_OPTION` for a point outside
 */
export function placesOf(points: readonly (readonly [number, number])[], width: number, height: number): Place[] {
  return points.map(([x, y]) => {
    const inside = x >= 0 && y >= 0 && x < width && y < height;
    if (!inside) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected points inside the image (${width} × ${height}) but received ${x},${y}`,
      );
    }
    return { x: (x + 0.5) / width, y: (y + 0.5) / height };
  });
}

/** Three by three parts of a picture, as in "strongest in the upper left". */
export function whereabouts({ x, y }: Place): string {
  const row = y < 1 / 3 ? 'upper' : y < 2 / 3 ? '' : 'lower';
  const column = x < 1 / 3 ? 'left' : x < 2 / 3 ? '' : 'right';
  if (row && column) return `in the ${row} ${column}`;
  if (row) return `in the ${row} middle`;
  return column ? `on the ${column}` : 'in the centre';
}
