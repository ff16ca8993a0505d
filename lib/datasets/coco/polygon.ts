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
import type { Runs } from './runs.js';

/** Grid points for one pixel. */
const GRID = 5;

/**
 * @param points x, y, x, y, … in pixels, at least one vertex; a last number without a partner is not read
 * @returns runs within the picture; they may touch but do not overlap
 */
export function polygonRuns(points: ArrayLike<number>, width: number, height: number): Runs {
  const crossings: number[] = [];
  const vertices = points.length >> 1;
  const grid = (i: number): number => Math.trunc(GRID * points[i]! + 0.5);
  let [x0, y0] = [grid(2 * vertices - 2), grid(2 * vertices - 1)];
  for (let i = 0; i < vertices; i++) {
    const [x1, y1] = [grid(2 * i), grid(2 * i + 1)];
    // One direction for all edges, along the longer side: rounding along the way depends on it.
    const wide = Math.abs(x1 - x0) >= Math.abs(y1 - y0);
    const turned = wide ? x0 > x1 : y0 > y1;
    const [xs, ys, xe, ye] = turned ? [x1, y1, x0, y0] : [x0, y0, x1, y1];
    if (wide) crossWide(xs, ys, xe, ye, width, height, crossings);
    else crossSteep(xs, ys, xe, ye, width, height, crossings);
    [x0, y0] = [x1, y1];
  }
  // An odd one out lasts to the end of the picture.
  if (crossings.length % 2 === 1) crossings.push(width * height);
  return Uint32Array.from(crossings).sort();
}

/** Edges with |Δx| ≥ |Δy|, left to right: a grid point for each grid column. */
function crossWide(xs: number, ys: number, xe: number, ye: number, width: number, height: number, out: number[]): void {
  const slope = (ye - ys) / (xe - xs);
  const row = (t: number): number => Math.trunc(ys + slope * t + 0.5);
  const last = lastColumn(xe, width);
  for (let x = firstColumn(xs); x <= last; x++) {
    const t = GRID * x + 2 - xs;
    out.push(x * height + toRow(Math.min(row(t), row(t + 1)), height));
  }
}

/** Edges with |Δx| < |Δy|, top to bottom: a grid point for each grid row. */
function crossSteep(xs: number, ys: number, xe: number, ye: number, width: number, height: number, out: number[]): void {
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
    out.push(x * height + toRow(t + ys, height));
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
