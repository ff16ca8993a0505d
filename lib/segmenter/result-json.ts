/** A result as JSON: masks as run lengths of COCO, arrays of numbers as base64. */

import { refuse } from '../checks/index.js';
import { compressCounts } from '../labels/index.js';
import { checkLabelled } from './check.js';
import type { ArrayJson, ResultJson, SegmentResult } from './types.js';

/**
 * A result as JSON: masks as COCO's run lengths, arrays as base64. `JSON.stringify(result)` does the same for a result
 * that is no copy.
 *
 * @param result of `segment` or a copy of it by `structuredClone`
 * @returns plain data, which `maskOf` and pycocotools read
 * @throws {InvSegError} `INVALID_OPTION` for what is no result, `SHAPE_MISMATCH` for labels that do not fit its size
 * @example
 * ```ts
 * import { resultJson, Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * const result = await segmenter.segment('cat.jpg', { categories: ['cat'] });
 * console.log(resultJson(structuredClone(result)).segments[0]?.mask.counts);
 * ```
 */
export function resultJson(result: SegmentResult): ResultJson {
  checkLabelled(result);
  if (!Array.isArray(result.segments)) refuse('result.segments', 'a list', result.segments);
  const { labels, segments, maps, strengths, ...rest } = result;
  const { width, height } = result;
  const counts = countRuns(labels, width, height, segments.length);
  const shape = [height, width];
  return {
    ...rest,
    segments: segments.map((segment, i) => ({
      ...segment,
      mask: { size: [height, width], counts: compressCounts(counts[i]!) },
    })),
    ...(maps && { maps: { ...maps, data: arrayJson(maps.data, [maps.categories.length, maps.size, maps.size]) } }),
    ...(strengths && {
      strengths: {
        background: strengths.background,
        foreground: arrayJson(strengths.foreground, shape),
        strength: arrayJson(strengths.strength, shape),
      },
    }),
  };
}

/** Lengths of background and region in turn for each category, column by column; in one walk over the picture. */
function countRuns(labels: Uint8Array, width: number, height: number, categories: number): number[][] {
  const counts = Array.from({ length: categories }, (): number[] => []);
  const ends = new Array<number>(categories).fill(0);
  let [label, start] = [-1, 0];
  const close = (end: number): void => {
    const own = counts[label];
    if (!own) return;
    own.push(start - ends[label]!, end - start);
    ends[label] = end;
  };
  for (let x = 0, p = 0; x < width; x++) {
    for (let y = 0; y < height; y++, p++) {
      const next = labels[y * width + x]!;
      if (next === label) continue;
      close(p);
      [label, start] = [next, p];
    }
  }
  const total = width * height;
  close(total);
  counts.forEach((own, i) => ends[i]! < total && own.push(total - ends[i]!));
  return counts;
}

function arrayJson(array: Float32Array | Uint8Array, shape: number[]): ArrayJson {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return { dtype: array instanceof Float32Array ? 'float32' : 'uint8', shape, base64: bytes.toString('base64') };
}
