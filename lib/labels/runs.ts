/**
 * Regions as COCO orders them: pixel (x, y) has the position x·height + y, top to bottom and then left to right. A region is
 * a list of runs [start, end), and so is a polygon after rasterising: painting costs no more than the pixels painted.
 */

import { show } from '../checks/index.js';
import { InvSegError } from '../errors.js';

/** [2 × runs] start and end of each, ascending; an end is not within its run. Touching and empty runs may occur. */
export type Runs = Uint32Array;

/** 128 MiB while they are read; runs of no pixel may occur, and no region of COCO has a thousandth of it. */
const MOST_RUNS = 2 ** 24;

/** Run lengths from the file: alternating background and region, beginning with background. */
export interface EncodedRuns {
  /** [height, width] */
  size: readonly [number, number];
  /** Plain lengths, or their compressed text. */
  counts: readonly number[] | string;
}

/**
 * @param name of the annotation, for messages
 * @throws {InvSegError} `DATASET_INVALID`: another size than the picture's, lengths that do not add up to it
 */
export function decodeRuns({ size, counts }: EncodedRuns, width: number, height: number, name: string): Runs {
  if (size[0] !== height || size[1] !== width) {
    throw invalid(name, `its run lengths are for ${size[1]}×${size[0]}, the image is ${width}×${height}`);
  }
  const lengths = typeof counts === 'string' ? expandCounts(counts, name) : counts;
  const runs = new Uint32Array(lengths.length - (lengths.length % 2));
  const total = width * height;
  let position = 0;
  for (const [i, length] of lengths.entries()) {
    if (!Number.isSafeInteger(length) || length < 0) throw invalid(name, `a run length is ${show(length)}`);
    if (i % 2 === 1) runs[i - 1] = position;
    position += length;
    if (position > total) break;
    if (i % 2 === 1) runs[i] = position;
  }
  if (position !== total) {
    throw invalid(
      name,
      `its run lengths cover ${position > total ? 'more than the' : `${position} of`} ${total} pixels`,
    );
  }
  return runs;
}

/**
 * COCO's text for run lengths: 5 bits a character from code 48 on, low bits first, bit 5 set on all but the last of a
 * number, two's complement; from the fourth length on the difference to the length before the last.
 * @throws {InvSegError} `DATASET_INVALID`
 */
export function expandCounts(text: string, name: string): number[] {
  const counts: number[] = [];
  for (let i = 0; i < text.length; ) {
    let value = 0;
    let unit = 1;
    for (let more = true; more; i++, unit *= 32) {
      const code = text.charCodeAt(i) - 48;
      // Past the end the code is NaN. Seven characters hold 35 bits, more than any picture has pixels.
      if (!(code >= 0 && code < 64) || unit > 2 ** 30)
        throw invalid(name, `its compressed run lengths are damaged at character ${i}`);
      value += (code & 31) * unit;
      more = (code & 32) !== 0;
      if (!more && (code & 16) !== 0) value -= 32 * unit;
    }
    if (counts.length > 2) value += counts.at(-2)!;
    if (counts.push(value) > MOST_RUNS) throw invalid(name, `it has more than ${MOST_RUNS} run lengths`);
  }
  return counts;
}

/** The inverse of `expandCounts`. @param counts lengths of background and region in turn, each below 2³⁰ */
export function compressCounts(counts: readonly number[]): string {
  const codes: number[] = [];
  counts.forEach((count, i) => {
    let rest = i > 2 ? count - counts[i - 2]! : count;
    for (let more = true; more; ) {
      const bits = rest & 31;
      rest >>= 5;
      // Done where the bits that are left only repeat the sign.
      more = (bits & 16) !== 0 ? rest !== -1 : rest !== 0;
      codes.push((more ? bits | 32 : bits) + 48);
    }
  });
  return Buffer.from(codes).toString('latin1');
}

/** Number of pixels of runs that do not overlap. */
export function runsArea(runs: Runs): number {
  let area = 0;
  for (let i = 0; i < runs.length; i += 2) area += runs[i + 1]! - runs[i]!;
  return area;
}

function invalid(name: string, why: string): InvSegError {
  return new InvSegError('DATASET_INVALID', `${name}: ${why}`);
}
