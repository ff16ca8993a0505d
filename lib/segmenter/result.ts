/** Results are plain data: they cross threads and `structuredClone`, and masks are made when they are asked for. */

import { integer, refuse } from '../checks/index.js';
import { decodeRuns } from '../labels/index.js';
import type { NativePrediction } from '../native/index.js';
import { checkLabelled, checkSized } from './check.js';
import { resultJson } from './result-json.js';
import type { ResultJson, Segment, SegmentResult } from './types.js';

/** One a category, in the order of the labels. */
export function makeSegments(
  categories: readonly string[],
  { labels, areas, scores }: Pick<NativePrediction, 'labels' | 'areas' | 'scores'>,
): Segment[] {
  return categories.map((label, index) => {
    const area = areas[index] ?? 0;
    return { label, index, score: scores[index] ?? 0, area, share: area / labels.length };
  });
}

/** A prototype, so that the result's own fields are data alone. */
const withJson = {
  toJSON(this: SegmentResult): ResultJson {
    return resultJson(this);
  },
};

/** The fields, and what `JSON.stringify` makes of them. */
export function makeResult(fields: Omit<SegmentResult, 'toJSON'>): SegmentResult {
  return Object.assign(Object.create(withJson) as object, fields) as SegmentResult;
}

/**
 * The mask of one category. Each call makes a new one.
 *
 * @param result of `segment`, a copy of it by `structuredClone`, or what its JSON holds
 * @param index of the category in `categories`, from 0
 * @returns one byte per pixel, [height × width]: 1 where the image shows the category, else 0
 * @throws {InvSegError} `INVALID_OPTION` for what is no result and for an index without a category, `SHAPE_MISMATCH`
 * for labels that do not fit the size, `DATASET_INVALID` for run lengths that do not
 * @example
 * ```ts
 * import { maskOf, Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * const result = await segmenter.segment('cat.jpg', { categories: ['cat', 'dog'] });
 * const dog = maskOf(result, result.categories.indexOf('dog'));
 * console.log(dog.filter((value) => value === 1).length); // the same as segments[1].area
 * ```
 */
export function maskOf(
  result:
    | Pick<SegmentResult, 'width' | 'height' | 'categories' | 'labels'>
    | Pick<ResultJson, 'width' | 'height' | 'categories' | 'segments'>,
  index: number,
): Uint8Array {
  const { width, height, categories } = checkSized(result);
  const category = integer(0, categories.length - 1).read(index, 'index');
  if (!('labels' in result)) return unpack(result.segments?.[category]?.mask, width, height);
  const labels = checkLabelled(result);
  const mask = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) if (labels[i] === category) mask[i] = 1;
  return mask;
}

function unpack(mask: ResultJson['segments'][number]['mask'] | undefined, width: number, height: number): Uint8Array {
  const { size, counts } = mask ?? {};
  if (!Array.isArray(size) || typeof counts !== 'string')
    refuse('result', 'a result with labels, or segments with masks', mask);
  const runs = decodeRuns({ size, counts }, width, height, 'the mask');
  const out = new Uint8Array(width * height);
  for (let i = 0; i < runs.length; i += 2) {
    // Column by column, as COCO counts.
    for (let p = runs[i]!; p < runs[i + 1]!; p++) out[(p % height) * width + Math.floor(p / height)] = 1;
  }
  return out;
}
