/** The diffusion baseline: the prompt as written, one pass, eq. 2, argmax. InvSeg without its loop. */
import { openInversion, predict } from './inversion.js';
import type { Method } from './method.js';

export const baseline: Method = {
  name: 'baseline',
  summary: 'reads the prompt as written (InvSeg with 0 steps)',
  prompts: 'together',
  needsNames: true,
  async run(context) {
    const prediction = await predict(context, await openInversion(context));
    return {
      prediction,
      losses: [],
      status: 'completed',
      milliseconds: { inversion: 0, prediction: prediction.milliseconds },
    };
  },
};
