/** Results are plain data: they cross threads and `structuredClone`, and their masks are made when they are asked for. */
import { typedArray } from '../arrays.js';
import { decodeRuns } from '../datasets/coco/runs.js';
import type { NativePrediction } from '../native/binding.js';
import { integer, isPlainObject, refuse } from '../options/rules.js';
import { resultJson } from './result-json.js';
import type { ResultJson } from './result-json.js';
import type { Segment, SegmentResult } from './types.js';

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
 * The mask of one category, [height × width], 1 where the picture shows it, else 0. Each call makes a new one.
 *
 * @param result of `segment`, a copy of it by `structuredClone`, or what its JSON holds
 * @param index of the category
 * @throws {InvSegError} `INVALID_OPTION` for what is no result and for an index without a category, `SHAPE_MISMATCH` for labels
 * that do not fit the size, `DATASET_INVALID` for run lengths that do not
 */
export function maskOf(
  result: Pick<SegmentResult, 'width' | 'height' | 'categories' | 'labels'> | Pick<ResultJson, 'width' | 'height' | 'categories' | 'segments'>,
  index: number,
): Uint8Array {
  if (!isPlainObject(result)) refuse('result', 'a result of segment', result);
  const { categories } = result;
  if (!Array.isArray(categories) || categories.length === 0) refuse('result.categories', 'a list of names', categories);
  const [width, height] = [side(result.width, 'result.width'), side(result.height, 'result.height')];
  const category = integer(0, categories.length - 1).read(index, 'index');
  if (!('labels' in result)) return unpack(result.segments?.[category]?.mask, width, height);
  const labels = typedArray('Uint8Array', result.labels, 'result.labels', width * height, `[${height} × ${width}]`);
  const mask = new Uint8Array(labels.length);
  for (let i = 0; i < labels.length; i++) if (labels[i] === category) mask[i] = 1;
  return mask;
}

const side = (value: unknown, name: string): number => integer(1, 0x7fffffff).read(value, name);

function unpack(mask: ResultJson['segments'][number]['mask'] | undefined, width: number, height: number): Uint8Array {
  const { size, counts } = mask ?? {};
  if (!Array.isArray(size) || typeof counts !== 'string') refuse('result', 'a result with labels, or segments with masks', mask);
  const runs = decodeRuns({ size, counts }, width, height, 'the mask');
  const out = new Uint8Array(width * height);
  for (let i = 0; i < runs.length; i += 2) {
    // Column by column, as COCO counts.
    for (let p = runs[i]!; p < runs[i + 1]!; p++) out[(p % height) * width + Math.floor(p / height)] = 1;
  }
  return out;
}
