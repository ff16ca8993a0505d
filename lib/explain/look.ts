/** What is read between the steps of the loop. The masks do not depend on it. */
import { aggregateAttention } from '../functions/index.js';
import type { MethodContext, Observer } from '../methods/index.js';
import type { NativeInversion, NativeMapSelection } from '../native/binding.js';

export interface Look {
  /** Refined maps of the prompt as written, [categories × latent²]: the prediction's attention. */
  before: Float32Array;
  /** Refined maps after some steps, [categories × latent²]: the loop's attention on the whole picture. */
  steps: { step: number; maps: Float32Array }[];
  /** Self-attention of the loop on the whole picture, [frame² × frame²] with rows of sum 1; null where the loop reads none. */
  self: { map: Float32Array; frame: number } | null;
}

/** 0, a third, two thirds and all of the steps: 0, 5, 10, 15 as in the paper's Figure 3. */
export function stepsToShow(steps: number): number[] {
  return [...new Set([0, 1 / 3, 2 / 3, 1].map((share) => Math.round(share * steps)))];
}

/** @returns an observer, and what it has seen once the call has ended */
export function watch(shown: readonly number[]): { observe: Observer; seen: () => Look } {
  const steps: Look['steps'] = [];
  let before: Float32Array = new Float32Array();
  let self: Look['self'] = null;
  return {
    async observe(step, inversion, context) {
      const { inference, training } = context.selections;
      if (step === 0) {
        before = await readMaps(inversion, context, inference);
        context.checkpoint();
        self = await readSelf(context);
        context.checkpoint();
      }
      if (!shown.includes(step)) return;
      steps.push({ step, maps: await readMaps(inversion, context, training) });
      context.checkpoint();
    },
    seen: () => ({ before, steps, self }),
  };
}

/** The prediction's timestep and noise every time, so that nothing but the prompt differs. */
async function readMaps(inversion: NativeInversion, context: MethodContext, selection: NativeMapSelection): Promise<Float32Array> {
  const { options, inferenceSeed } = context;
  const { maps } = await inversion.predict({
    selection,
    timestep: options.inferenceTimestep,
    noiseSeed: inferenceSeed,
    refineIterations: options.refineIterations,
    // Labels are not looked at.
    width: 1,
    height: 1,
    order: options.order,
    maps: true,
  });
  return maps!;
}

async function readSelf({ engine, image, embedding, selections, options, prompts, inferenceSeed }: MethodContext): Promise<Look['self']> {
  const { training, frame } = selections;
  const { self } = await engine.readMaps(image, embedding, training, options.inferenceTimestep, inferenceSeed);
  const levels = self.flatMap((map, level) => (map ? [{ map: meanOf(map, prompts.count), weight: training.selfWeights[level]! }] : []));
  if (levels.length === 0) return null;
  const maps = levels.map(({ map }) => map);
  const sides = maps.map((map) => Math.round(map.length ** 0.25));
  const weights = levels.map(({ weight }) => weight);
  return { map: aggregateAttention({ kind: 'self', maps, sides, weights, size: frame }).value, frame };
}

/** [prompts × …] → the mean over the prompts: names that did not fit into one prompt are spread over several. */
function meanOf(map: Float32Array, prompts: number): Float32Array {
  if (prompts === 1) return map;
  const length = map.length / prompts;
  return Float32Array.from({ length }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < prompts; p++) sum += map[p * length + i]!;
    return sum / prompts;
  });
}
