/** The result for a picture in which nothing was named: all of it is background. */
import type { MethodOptions } from '../options/index.js';
import { makeResult, makeSegments } from './result.js';
import type { SegmentResult } from './types.js';

/** @param warning why, for the reader of the result */
export function allBackground(width: number, height: number, options: MethodOptions, warning: string): SegmentResult {
  const labels = new Uint8Array(width * height);
  const categories = [options.background.name];
  return makeResult({
    width,
    height,
    labels,
    categories,
    segments: makeSegments(categories, { labels, areas: Float64Array.of(labels.length), scores: Float32Array.of(1) }),
    losses: [],
    status: 'completed',
    timings: { queued: 0, decode: 0, text: 0, encode: 0, inversion: 0, predict: 0, total: 0 },
    prompts: [],
    warnings: [warning],
    options,
  });
}
