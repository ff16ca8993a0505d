/**
 * The attention that the loop's loss reads, of the whole picture in one pass, for those who look at the loss from outside.
 * The timestep, the noise and the prompt as written are the prediction's; all else is the loop's (`inversion.cc`, update).
 */
import { aggregateAttention } from '../functions/index.js';
import type { NativeMapSelection, NativeRawMaps } from '../native/index.js';
import type { PromptSet } from '../text/index.js';
import type { MethodContext } from './method.js';
import { noiseSeed } from './passes.js';

/** As in the engine: what a sum is divided by at least. */
const SUM_FLOOR = 1e-12;

type Prompts = Pick<PromptSet, 'count' | 'length' | 'spans' | 'groups'>;

/** One pass with every prompt. Each map is [prompts × points × columns]. */
export function readWholePicture(context: MethodContext, selection: NativeMapSelection): Promise<NativeRawMaps> {
  const { engine, image, embedding, options } = context;
  return engine.readMaps(image, embedding, selection, options.inference.timestep, noiseSeed(context));
}

/** Categories that have a map: all but a background that comes from a rule. */
export const mappedCategories = ({ groups }: Pick<PromptSet, 'groups'>): number => 1 + Math.max(...groups);

/** [side² × side²] rows of sum 1, the mean over the prompts; null where no level has a weight. */
export function selfAttention(
  { self }: NativeRawMaps,
  selection: NativeMapSelection,
  { count }: Prompts,
  side: number,
): Float32Array | null {
  const read = levels(self, selection.selfWeights);
  if (read.length === 0) return null;
  const weights = read.map(({ weight }) => weight);
  const sum = new Float32Array(side ** 4);
  for (let p = 0; p < count; p++) {
    const maps = read.map(({ map }) => part(map, p, count));
    const sides = maps.map((map) => Math.round(map.length ** 0.25));
    const { value } = aggregateAttention({ kind: 'self', maps, sides, weights, size: side });
    for (let i = 0; i < sum.length; i++) sum[i]! += value[i]! / count;
  }
  return sum;
}

/** [side² × categories] before eq. 2; null where no level has a weight. */
export function crossAttention(
  { cross }: NativeRawMaps,
  selection: NativeMapSelection,
  prompts: Prompts,
  side: number,
  subtokens: MethodContext['options']['attention']['subtokens'],
): Float32Array | null {
  const read = levels(cross, selection.crossWeights);
  if (read.length === 0) return null;
  const { count, length } = prompts;
  const weights = read.map(({ weight }) => weight);
  const minMax = selection.crossScale === 'min-max';
  const tokens = Array.from({ length: count }, (_, p) => {
    const raw = read.map(({ map }) => part(map, p, count));
    const sides = raw.map((map) => Math.round(Math.sqrt(map.length / length)));
    const maps = selection.crossScale === 'sum' ? raw.map((map) => unitColumns(map, length)) : raw;
    return aggregateAttention({ kind: 'cross', maps, sides, weights, size: side, minMax }).value;
  });
  return mergeWords(pickWords(tokens, prompts, subtokens), prompts);
}

function levels(
  maps: readonly (Float32Array | null)[],
  weights: Float32Array,
): { map: Float32Array; weight: number }[] {
  return maps.flatMap((map, level) =>
    map && map.length > 0 && weights[level]! > 0 ? [{ map, weight: weights[level]! }] : [],
  );
}

const part = (map: Float32Array, index: number, count: number): Float32Array =>
  map.subarray((index * map.length) / count, ((index + 1) * map.length) / count);

/** Each column over its sum over the points. */
function unitColumns(map: Float32Array, columns: number): Float32Array {
  const sums = new Float64Array(columns);
  map.forEach((value, i) => (sums[i % columns]! += value));
  return map.map((value, i) => value / Math.max(sums[i % columns]!, SUM_FLOOR));
}

/** Maps of tokens, one a prompt, → [points × spans]. */
function pickWords(
  tokens: readonly Float32Array[],
  { length, spans }: Prompts,
  rule: MethodContext['options']['attention']['subtokens'],
): Float32Array {
  const words = spans.length / 3;
  const points = tokens[0]!.length / length;
  const out = new Float32Array(points * words);
  for (let s = 0; s < words; s++) {
    const [prompt, first, width] = spans.subarray(3 * s, 3 * s + 3) as unknown as [number, number, number];
    for (let i = 0; i < points; i++) {
      const row = tokens[prompt]!.subarray(i * length + first, i * length + first + width);
      out[i * words + s] =
        rule === 'last' ? row.at(-1)! : rule === 'max' ? Math.max(...row) : row.reduce((a, b) => a + b, 0) / width;
    }
  }
  return out;
}

/** Words of one category become one map, their maximum. [points × spans] → [points × categories] */
function mergeWords(maps: Float32Array, { groups }: Prompts): Float32Array {
  const [words, categories] = [groups.length, mappedCategories({ groups })];
  if (words === categories) return maps;
  const out = new Float32Array((maps.length / words) * categories).fill(-Infinity);
  maps.forEach((value, i) => {
    const at = Math.floor(i / words) * categories + groups[i % words]!;
    if (value > out[at]!) out[at] = value;
  });
  return out;
}
