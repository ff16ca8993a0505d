/**
 * iSeg: one pass with a sentence of all categories, their words enhanced; the cross-attention is averaged over clusters of
 * points, then refined several times by the self-attention of reduced entropy.
 */
import type { Method } from './method.js';
import { attend, labelOptions, mergeWords, refineMaps } from './passes.js';

export const iseg: Method = {
  name: 'iseg',
  summary: 'clusters cross-attention and refines it',
  prompts: 'together',
  needsNames: true,
  async run(context) {
    const { embedding, prompts, options } = context;
    context.onPredict();
    const began = performance.now();
    const { self, cross } = await attend(context, embedding, null);
    const clustered = context.own(await cross!.clusterMeans(options.iseg.clusters, options.iseg.iterations));
    const words = context.own(await clustered.categories(prompts.spans, options.attention.subtokens));
    const refined = await refineMaps(context, self!, await mergeWords(context, words));
    const maps = context.own(await refined.minMax());
    const prediction = await maps.label(labelOptions(context));
    const milliseconds = { inversion: 0, prediction: performance.now() - began };
    return { prediction, losses: [], status: 'completed', milliseconds };
  },
};
