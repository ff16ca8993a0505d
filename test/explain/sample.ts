/** An explanation made of nothing: every section has something to show, and no engine is needed. */
import { categoryPalette } from '../../lib/draw/index.js';
import { categoryPoints, softAnchors } from '../../lib/explain/anchors.js';
import type { Explanation } from '../../lib/explain/index.js';
import { agreement } from '../../lib/explain/iou.js';
import { resolveOptions } from '../../lib/options/index.js';
import { Random } from '../../lib/random.js';
import { makeSegments } from '../../lib/segmenter/result.js';
import type { CategoryMaps, SegmentResult } from '../../lib/segmenter/types.js';

export interface SampleOptions {
  names?: readonly string[];
  width?: number;
  height?: number;
  steps?: number;
  /** Message of a third method that failed. */
  failure?: string;
}

export function sample({
  names = ['cat', 'dog'],
  width = 96,
  height = 64,
  steps = 15,
  failure,
}: SampleOptions = {}): Explanation {
  const random = new Random(7);
  const categories = [...names, 'background'];
  const count = categories.length;
  const size = 8;
  const noise = (length: number): Float32Array => Float32Array.from({ length }, () => random.uniform(0, 1));
  const maps = (): CategoryMaps => ({ data: noise(count * size * size), size, categories });
  const labels = Uint8Array.from({ length: width * height }, (_, i) => Math.floor(((i % width) * count) / width));
  const areas = Float64Array.from(categories, (_, c) => labels.filter((label) => label === c).length);

  const result = (method: 'invseg' | 'baseline'): SegmentResult => ({
    width,
    height,
    labels,
    categories,
    segments: makeSegments(categories, { labels, areas, scores: noise(count) }),
    losses: Array.from({ length: method === 'invseg' ? steps : 0 }, (_, i) => {
      const [cluster, entropy] = [random.uniform(-3, -2), random.uniform(0.2, 0.4)];
      return {
        step: i + 1,
        total: cluster + entropy,
        cluster,
        entropy,
        intra: 7,
        inter: 15,
        gradientNorm: 0.2,
        timestep: 100 + i,
        milliseconds: 88.4,
      };
    }),
    status: 'completed',
    timings: { queued: 0, decode: 3, text: 5, encode: 20, inversion: 1300, predict: 40, total: 1400 },
    prompts: [categories.join(' ')],
    warnings: [],
    options: resolveOptions({ method, steps }),
    ...(method === 'invseg' && steps > 0 && { comparison: { before: -2.2, after: -2.5 } }),
  });
  const truth = labels.map((label, i) => (i % 11 === 0 ? 255 : i % 3 === 0 ? count - 1 : label));
  const [before, after] = [maps(), maps()];
  const invseg = result('invseg');
  const info = {
    model: { name: 'sample', version: '1', folder: '/nowhere', resolutions: [32, 16] },
    device: 'cpu',
    deviceName: 'a test',
    dtype: 'float32',
  };
  const judged = agreement(labels, truth, count);
  return {
    picture: {
      pixels: { rgb: Uint8Array.from({ length: 256 * 171 * 3 }, (_, i) => (i * 7) % 256), width: 256, height: 171 },
      width,
      height,
    },
    categories,
    classes: categories,
    palette: categoryPalette(count, 'okabe-ito'),
    paletteName: 'okabe-ito',
    info,
    invseg,
    runs: [
      { method: 'invseg', result: invseg, agreement: judged },
      failure === undefined
        ? { method: 'baseline', result: result('baseline'), agreement: judged }
        : { method: 'baseline', failure },
    ],
    truth,
    before,
    after,
    anchors: [0, 5, 10, 15].map((step) => ({ step, maps: { ...after, data: softAnchors(after.data, 4, 0.5) } })),
    distances: {
      points: categoryPoints(after),
      maps: categories.map(() => noise(size * size).map((value) => value * 9)),
      frame: size,
    },
  };
}
