/** InvSeg: Adam steps on the embeddings of the category names, against views of this one image; then the baseline's pass. */
import type { NativeStep } from '../native/binding.js';
import { openInversion, predict } from './inversion.js';
import type { Method, StepLoss } from './method.js';
import { drawBoxes } from './views.js';

export const invseg: Method = {
  name: 'invseg',
  summary: 'learns the prompt on the image first (the paper)',
  prompts: 'together',
  needsNames: true,
  async run(context) {
    const { options, random } = context;
    const inversion = await openInversion(context);
    const losses: StepLoss[] = [];
    let status: 'completed' | 'non-finite' = 'completed';
    let spent = 0;
    let first: NativeStep | undefined;
    await context.observe?.(0, inversion, context);

    for (let step = 1; step <= options.steps; step++) {
      context.checkpoint();
      const fresh = step === 1 || options.views === 'perStep';
      // Drawn in this order in every step; changing it changes every mask of a seed.
      const boxes = fresh ? drawBoxes(random, options) : new Float32Array(0);
      const timestep = random.integer(...options.timestepRange);
      const noiseSeed = random.seed();
      const timesteps = new Int32Array(options.viewCount).fill(timestep);
      const views = { boxes, timesteps, noiseSeed };
      first ??= views;
      const result = await inversion.step(views);
      spent += result.milliseconds;
      if (!result.finite) {
        status = 'non-finite'; // the embedding is still the last finite one
        break;
      }
      const { loss: total, cluster, entropy, intra, inter, gradientNorm, milliseconds } = result;
      const loss = { step, total, cluster, entropy, intra, inter, gradientNorm, timestep, milliseconds };
      losses.push(loss);
      context.onStep(loss);
      await context.observe?.(step, inversion, context);
    }

    const prediction = await predict(context, inversion);
    const milliseconds = { inversion: spent, prediction: prediction.milliseconds };
    if (!options.compareLoss || first === undefined || losses.length === 0) return { prediction, losses, status, milliseconds };
    // A step gives the loss before its update; what it does to the prompt no longer matters.
    context.checkpoint();
    const { loss: after } = await inversion.step(first);
    return { prediction, losses, status, comparison: { before: losses[0]!.total, after }, milliseconds };
  },
};
