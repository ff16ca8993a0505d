/** InvSeg: Adam steps on the embeddings of the category names, against views of this one image; then the baseline's pass. */
import { openInversion, predict } from './inversion.js';
import type { Method, StepLoss } from './method.js';
import { drawBoxes } from './views.js';

export const invseg: Method = {
  name: 'invseg',
  summary: 'learns the prompt on the image first (the paper)',
  async run(context) {
    const { options, random } = context;
    const inversion = await openInversion(context);
    const losses: StepLoss[] = [];
    let status: 'completed' | 'non-finite' = 'completed';
    let spent = 0;

    for (let step = 1; step <= options.steps; step++) {
      context.checkpoint();
      const fresh = step === 1 || options.views === 'perStep';
      // Drawn in this order in every step; changing it changes every mask of a seed.
      const boxes = fresh ? drawBoxes(random, options) : new Float32Array(0);
      const timestep = random.integer(...options.timestepRange);
      const noiseSeed = random.seed();
      const timesteps = new Int32Array(options.viewCount).fill(timestep);
      const result = await inversion.step({ boxes, timesteps, noiseSeed });
      spent += result.milliseconds;
      if (!result.finite) {
        status = 'non-finite'; // the embedding is still the last finite one
        break;
      }
      const { loss: total, cluster, entropy, intra, inter, gradientNorm, milliseconds } = result;
      const loss = { step, total, cluster, entropy, intra, inter, gradientNorm, timestep, milliseconds };
      losses.push(loss);
      context.onStep(loss);
    }

    const prediction = await predict(context, inversion);
    return { prediction, losses, status, milliseconds: { inversion: spent, prediction: prediction.milliseconds } };
  },
};
