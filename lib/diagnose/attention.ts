/** The attention of one pass over the whole picture, in the form that the loss reads. */
import { aggregateAttention, refineAttention } from '../functions/index.js';
import type { MethodContext } from '../methods/index.js';
import type { NativeMapSelection } from '../native/binding.js';
import type { MethodOptions } from '../options/index.js';

export interface SeenAttention {
  /** Side of the frame. */
  side: number;
  /** [points × points], rows of sum 1. */
  self: Float32Array;
  /** [points × categories] before eq. 2. */
  cross: Float32Array;
  /** [points × categories] after eq. 2. */
  refined: Float32Array;
}

const sideOf = (points: number): number => Math.round(Math.sqrt(points));

/** Levels with a weight, their maps and sides. */
function levels(maps: readonly (Float32Array | null)[], weights: Float32Array, columns: (map: Float32Array) => number) {
  const read = maps.flatMap((map, level) => (map && weights[level]! > 0 ? [{ map, weight: weights[level]! }] : []));
  return {
    maps: read.map(({ map }) => map),
    sides: read.map(({ map }) => sideOf(map.length / columns(map))),
    weights: read.map(({ weight }) => weight),
  };
}

/** What the loop's loss would see on the whole picture at the timestep and noise of the prediction, prompt as written. */
export async function readTraining(context: MethodContext): Promise<SeenAttention> {
  const { engine, image, embedding, prompts, selections, options, inferenceSeed } = context;
  const raw = await engine.readMaps(image, embedding, selections.training, options.inferenceTimestep, inferenceSeed);
  const side = selections.frame;
  const { selfWeights, crossWeights } = selections.training;
  const width = prompts.count * prompts.length;
  const self = aggregateAttention({ kind: 'self', ...levels(raw.self, selfWeights, (map) => sideOf(map.length)), size: side }).value;
  const positions = aggregateAttention({
    kind: 'cross',
    ...levels(raw.cross, crossWeights, () => width),
    size: side,
    minMax: options.crossScale === 'min-max',
  }).value;
  const cross = categoryMaps(positions, width, prompts.length, prompts.spans, options.subtokens);
  const categories = prompts.categories.length;
  const iterations = options.refineIterations;
  const refined = refineAttention({ self, cross, points: side * side, categories, iterations }).value;
  return { side, self, cross, refined };
}

/** [points × positions] → [points × categories]. */
function categoryMaps(
  maps: Float32Array,
  width: number,
  length: number,
  spans: Int32Array,
  rule: MethodOptions['subtokens'],
): Float32Array {
  const categories = spans.length / 3;
  const points = maps.length / width;
  const out = new Float32Array(points * categories);
  for (let c = 0; c < categories; c++) {
    const begin = spans[3 * c]! * length + spans[3 * c + 1]!;
    const end = begin + spans[3 * c + 2]!;
    for (let i = 0; i < points; i++) {
      const row = maps.subarray(i * width + begin, i * width + end);
      const sum = row.reduce((a, b) => a + b, 0);
      out[i * categories + c] = rule === 'last' ? row.at(-1)! : rule === 'max' ? Math.max(...row) : sum / row.length;
    }
  }
  return out;
}

/** Mean entropy of the rows of each resolution's self-attention over log N: 1 is flat, 0 is one point. By side. */
export async function rowEntropies(context: MethodContext): Promise<Record<number, number>> {
  const { engine, image, embedding, selections, options, inferenceSeed } = context;
  const own = selections.inference;
  const selection: NativeMapSelection = { ...own, crossLayers: new Uint8Array(own.crossLayers.length), crossWeights: new Float32Array(own.crossWeights.length) };
  const raw = await engine.readMaps(image, embedding, selection, options.inferenceTimestep, inferenceSeed);
  const entropies: Record<number, number> = {};
  for (const map of raw.self) {
    if (!map) continue;
    const points = sideOf(map.length);
    let total = 0;
    for (const p of map) if (p > 0) total -= p * Math.log(p);
    entropies[sideOf(points)] = total / points / Math.log(points);
  }
  return entropies;
}
