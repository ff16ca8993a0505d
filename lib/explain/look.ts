/** What is read between the steps of the loop. The masks do not depend on it. */
import type { MethodContext, Observer } from '../methods/index.js';
import { attend, predictOptions, without } from '../methods/index.js';
import type { NativeInversion, NativePredictOptions } from '../native/index.js';

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
      if (step === 0) {
        before = await readPrediction(inversion, context);
        context.checkpoint();
        self = await readSelf(context);
        context.checkpoint();
      }
      if (!shown.includes(step)) return;
      steps.push({ step, maps: await readTraining(inversion, context) });
      context.checkpoint();
    },
    seen: () => ({ before, steps, self }),
  };
}

/** The prediction as the run makes it, so that nothing but the prompt differs. */
function readPrediction(inversion: NativeInversion, context: MethodContext): Promise<Float32Array> {
  return readMaps(inversion, predictOptions(context));
}

/** The same pass with the attention that the loop reads, refined as the loop refines it: by eq. 2. */
function readTraining(inversion: NativeInversion, context: MethodContext): Promise<Float32Array> {
  const options = predictOptions(context);
  const refine = { ...context.options.attention.refine, iterations: 0 };
  return readMaps(inversion, { ...options, selection: context.selections.training, refine });
}

async function readMaps(inversion: NativeInversion, options: NativePredictOptions): Promise<Float32Array> {
  // Labels are not looked at.
  const { maps } = await inversion.predict({ ...options, width: 1, height: 1, maps: true, strengths: false });
  return maps!;
}

async function readSelf(context: MethodContext): Promise<Look['self']> {
  const { training, frame } = context.selections;
  const { self } = await attend(context, context.embedding, null, without('cross', training), frame);
  if (!self) return null;
  const map = await self.read();
  self.dispose();
  return { map, frame };
}
