/**
 * Polygons → runs, the same pixels as COCO's own tools, bit for bit (`scripts/datasets/parity.py`).
 *
 * Their rule: vertices are rounded to a grid of fifths of a pixel and joined by lines of grid points, one point for each
 * step along the longer side. A line crosses the centre of column x between the grid columns 5x + 2 and 5x + 3; the upper
 * of the two points, back in pixels and rounded up, is the row where inside and outside change. Even-odd fills between.
 *
 * Here a crossing is computed where it is needed, once for every column that an edge passes, and not searched for among all
 * grid points. So the cost depends on the picture, and a vertex far outside of it does no harm.
 */
import type { Runs } from '../../labels/index.js';

/** Grid points for one pixel. */
const GRID = 5;

/**
 * @param points x, y, x, y, … in pixels, at least one vertex; a last number without a partner is not read
 * @param budget crossings that may still be made; those of this polygon are taken off
 * @returns runs within the picture; they may touch but do not overlap
 * @throws {RangeError} where the budget is not enough, before anything is allocated
 */
export function polygonRuns(
  points: ArrayLike<number>,
  width: number,
  height: number,
  budget: Budget = { crossings: MOST_CROSSINGS },
): Runs {
  const count = countCrossings(points, width);
  budget.crossings -= count;
  if (budget.crossings < 0)
    throw new RangeError(`more than ${MOST_CROSSINGS} columns are crossed by edges of polygons`);
  // An odd one out lasts to the end of the picture.
  const crossings = new Uint32Array(count + (count % 2)).fill(width * height, count);
  let at = 0;
  const put = (position: number): void => void (crossings[at++] = position);
  eachEdge(points, (edge, wide) => (wide ? crossWide : crossSteep)(...edge, width, height, put));
  return crossings.sort();
}

/** Columns crossed by edges, of all polygons of one picture: 64 MiB. The most detailed one of COCO has some 10,000. */
export const MOST_CROSSINGS = 2 ** 24;

export interface Budget {
  crossings: number;
}

type Edge = [xs: number, ys: number, xe: number, ye: number];

/** Edges on the grid, each in one direction, along its longer side: rounding along the way depends on it. */
function eachEdge(points: ArrayLike<number>, visit: (edge: Edge, wide: boolean) => void): void {
  const vertices = points.length >> 1;
  const grid = (i: number): number => Math.trunc(GRID * points[i]! + 0.5);
  let [x0, y0] = [grid(2 * vertices - 2), grid(2 * vertices - 1)];
  for (let i = 0; i < vertices; i++) {
    const [x1, y1] = [grid(2 * i), grid(2 * i + 1)];
    const wide = Math.abs(x1 - x0) >= Math.abs(y1 - y0);
    const turned = wide ? x0 > x1 : y0 > y1;
    visit(turned ? [x1, y1, x0, y0] : [x0, y0, x1, y1], wide);
    [x0, y0] = [x1, y1];
  }
}

function countCrossings(points: ArrayLike<number>, width: number): number {
  let count = 0;
  eachEdge(points, ([xs, , xe]) => {
    count += Math.max(0, lastColumn(Math.max(xs, xe), width) - firstColumn(Math.min(xs, xe)) + 1);
  });
  return count;
}

type Put = (position: number) => void;

/** Edges with |Δx| ≥ |Δy|, left to right: a grid point for each grid column. */
function crossWide(xs: number, ys: number, xe: number, ye: number, width: number, height: number, put: Put): void {
  const slope = (ye - ys) / (xe - xs);
  const row = (t: number): number => Math.trunc(ys + slope * t + 0.5);
  const last = lastColumn(xe, width);
  for (let x = firstColumn(xs); x <= last; x++) {
    const t = GRID * x + 2 - xs;
    put(x * height + toRow(Math.min(row(t), row(t + 1)), height));
  }
}

/** Edges with |Δx| < |Δy|, top to bottom: a grid point for each grid row. */
function crossSteep(xs: number, ys: number, xe: number, ye: number, width: number, height: number, put: Put): void {
  const slope = (xe - xs) / (ye - ys);
  const column = (t: number): number => Math.trunc(xs + slope * t + 0.5);
  const last = lastColumn(Math.max(xs, xe), width);
  for (let x = firstColumn(Math.min(xs, xe)); x <= last; x++) {
    const left = GRID * x + 2;
    const before = slope > 0 ? (t: number) => column(t) <= left : (t: number) => column(t) > left;
    // The last step before the crossing: a guess, put right by the rounded columns themselves, which are monotonous.
    let t = Math.min(Math.max(Math.floor((left + 0.5 - xs) / slope), 0), ye - ys - 1);
    while (!before(t)) t--;
    while (before(t + 1)) t++;
    put(x * height + toRow(t + ys, height));
  }
}

/** First column x ≥ 0 with 5x + 2 ≥ `from`. */
const firstColumn = (from: number): number => Math.max(0, Math.ceil((from - 2) / GRID));
/** Last column of the picture with 5x + 3 ≤ `to`. */
const lastColumn = (to: number, width: number): number => Math.min(width - 1, Math.floor((to - 3) / GRID));

/** Grid row → the first pixel row at or below it, within the picture. */
function toRow(y: number, height: number): number {
  return Math.ceil(Math.min(Math.max((y + 0.5) / GRID - 0.5, 0), height));
}
