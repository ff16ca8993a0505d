/** Objects → labels: who is on top, what a crowd is, what an overlap is. */

import type { Runs } from '../../labels/index.js';
import { IGNORED } from '../../labels/index.js';
import type { ResolvedOptions } from '../options.js';
import type { Size } from '../png-chunks.js';

/** One annotation. */
export interface PaintedObject {
  /** 1…80 */
  label: number;
  /** In pixels, as the annotation states it. */
  area: number;
  crowd: boolean;
  /** Its parts; they may overlap. */
  parts: readonly Runs[];
}

/**
 * By decreasing area, so that small objects end on top; of two with the same area the later one.
 *
 * - `crowd: 'class'` paints crowds among the others, `'background'` leaves them out, `'ignore'` ignores their pixels where no
 *   object is.
 * - `overlap: 'ignore'` ignores pixels that objects of different classes share, whoever would be on top.
 *
 * @returns [height × width], row by row
 */
export function paintObjects(
  objects: readonly PaintedObject[],
  { width, height }: Size,
  { crowd, overlap }: Pick<ResolvedOptions, 'crowd' | 'overlap'>,
): Uint8Array {
  const canvas = new Uint8Array(width * height); // in COCO's order, column by column
  const paint = overlap === 'ignore' ? paintUnshared : paintOver;
  const solid = objects.filter((object) => crowd === 'class' || !object.crowd);
  for (const object of [...solid].sort((a, b) => b.area - a.area)) paint(canvas, object);
  if (crowd === 'ignore') {
    for (const object of objects) if (object.crowd) ignoreBackground(canvas, object);
  }
  return byRows(canvas, width, height);
}

function paintOver(canvas: Uint8Array, { label, parts }: PaintedObject): void {
  for (const runs of parts) {
    for (let i = 0; i < runs.length; i += 2) canvas.fill(label, runs[i], runs[i + 1]);
  }
}

function paintUnshared(canvas: Uint8Array, { label, parts }: PaintedObject): void {
  eachPixel(parts, (p) => (canvas[p] = canvas[p] === 0 || canvas[p] === label ? label : IGNORED));
}

function ignoreBackground(canvas: Uint8Array, { parts }: PaintedObject): void {
  eachPixel(parts, (p) => {
    if (canvas[p] === 0) canvas[p] = IGNORED;
  });
}

function eachPixel(parts: readonly Runs[], visit: (position: number) => void): void {
  for (const runs of parts) {
    for (let i = 0; i < runs.length; i += 2) {
      for (let p = runs[i]!; p < runs[i + 1]!; p++) visit(p);
    }
  }
}

function byRows(columns: Uint8Array, width: number, height: number): Uint8Array {
  const rows = new Uint8Array(columns.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0, from = y; x < width; x++, from += height) rows[at++] = columns[from]!;
  }
  return rows;
}
