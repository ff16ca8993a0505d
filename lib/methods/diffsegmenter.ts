/**
 * DiffSegmenter: a prompt and a pass for each category, cross-attention of all resolutions, each scaled to [0, 1], refined once
 * by the finest self-attention; the background is what no category's map reaches.
 */
import type { NativeMaps } from '../native/index.js';
import type { Method } from './method.js';
import { attend, labelOptions, mergeWords, refineMaps } from './passes.js';

export const diffsegmenter: Method = {
  name: 'diffsegmenter',
  summary: 'one prompt and pass per name, background by threshold',
  prompts: 'each',
  needsNames: true,
  async run(context) {
    const { engine, embedding, prompts, options } = context;
    context.onPredict();
    const began = performance.now();
    const refined: NativeMaps[] = [];
    for (let p = 0; p < prompts.count; p++) {
      const { self, cross } = await attend(context, embedding, p);
      const span = Int32Array.of(0, ...prompts.spans.subarray(3 * p + 1, 3 * p + 3));
      const map = context.own(await cross!.categories(span, options.attention.subtokens));
      refined.push(await refineMaps(context, self!, map));
      for (const done of [self!, cross!]) done.dispose();
    }
    const joined = await mergeWords(context, context.own(await engine.join(refined)));
    const maps = context.own(await joined.minMax());
    const prediction = await maps.label(labelOptions(context));
    const milliseconds = { inversion: 0, prediction: performance.now() - began };
    return { prediction, losses: [], status: 'completed', milliseconds };
  },
};
