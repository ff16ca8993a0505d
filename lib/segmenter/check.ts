/** What callers hand back to this package. */
import { typedArray } from '../arrays.js';
import { integer, isPlainObject, record, refuse } from '../checks/index.js';

/** By its methods, since it may come from another copy of this package. @throws {InvSegError} `INVALID_OPTION` */
export function checkSegmenter(value: unknown, name = 'segmenter'): void {
  const { segment, observe, info } = isPlainObject(value) ? value : {};
  const model = isPlainObject(info) ? info['model'] : undefined;
  if (typeof segment !== 'function' || typeof observe !== 'function' || !isPlainObject(model))
    refuse(name, 'an open Segmenter', value);
}

/** @throws {InvSegError} `INVALID_OPTION` unless it has a size and names */
export function checkSized(result: unknown): { width: number; height: number; categories: unknown[] } {
  const fields = record(result, 'result', 'a result of segment');
  const { categories } = fields;
  if (!Array.isArray(categories) || categories.length === 0) refuse('result.categories', 'a list of names', categories);
  const side = (name: 'width' | 'height'): number => integer(1, 0x7fffffff).read(fields[name], `result.${name}`);
  return { width: side('width'), height: side('height'), categories };
}

/** @throws {InvSegError} the same, `SHAPE_MISMATCH` for labels that do not fit @returns the labels */
export function checkLabelled(result: unknown): Uint8Array {
  const { width, height } = checkSized(result);
  return typedArray(
    'Uint8Array',
    (result as { labels?: unknown }).labels,
    'result.labels',
    width * height,
    `[${height} × ${width}]`,
  );
}
