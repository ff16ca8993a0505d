/** InvSeg: Adam steps on the embeddings of the category names, against views of this one image; then the baseline's pass. */
import { openInversion, predict } from './inversion.js';
import type { Method, StepLoss } from './method.js';
import { drawSteps } from './views.js';

export const invseg: Method = {
  name: 'invseg',
  summary: 'learns the prompt on the image first (the paper)',
  prompts: 'together',
  needsNames: true,
  async run(context) {
    const { options } = context;
    const inversion = await openInversion(context);
    const losses: StepLoss[] = [];
    let status: 'completed' | 'non-finite' = 'completed';
    await context.observe?.(0, inversion, context);
    const steps = drawSteps(context.random, options);
    context.checkpoint();
    let spent = steps.length > 0 ? await inversion.plan(steps) : 0;

    for (const [i, { timesteps }] of steps.entries()) {
      context.checkpoint();
      const step = i + 1;
      const timestep = timesteps[0]!;
      const result = await inversion.next();
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
    const [first] = steps;
    if (!options.compareLoss || first === undefined || losses.length === 0) return { prediction, losses, status, milliseconds };
    // A step gives the loss before its update; what it does to the prompt no longer matters.
    context.checkpoint();
    const { loss: after } = await inversion.step(first);
    return { prediction, losses, status, comparison: { before: losses[0]!.total, after }, milliseconds };
  },
};
