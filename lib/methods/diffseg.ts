/**
 * DiffSeg: segments from the self-attention alone, without text. With names, each segment takes the one that the cross-attention
 * of a second pass gives to most of its pixels.
 */
import { requireFiniteMaps } from './finite.js';
import type { Method } from './method.js';
import { attend, labelOptions, mergeWords, without } from './passes.js';

export const diffseg: Method = {
  name: 'diffseg',
  summary: 'merges self-attention maps; needs no names',
  prompts: 'together',
  needsNames: false,
  async run(context) {
    const { engine, embedding, prompts, options, selections } = context;
    const named = prompts.categories.length > 0;
    context.onPredict();
    const began = performance.now();
    const silent = named ? context.own(await engine.encodeText(prompts.empty, 1)) : embedding;
    const { self } = await attend(context, silent, null, without('cross', selections.inference));
    const proposals = context.own(await self!.proposals(options.diffseg));
    self!.dispose();
    const outcome = { losses: [], status: 'completed' as const };
    const milliseconds = () => ({ inversion: 0, prediction: performance.now() - began });
    if (!named) {
      const prediction = await proposals.labelSegments(null, labelOptions(context));
      const categories = Array.from(prediction.areas, (_, i) => `segment ${i + 1}`);
      return { ...outcome, prediction, categories, milliseconds: milliseconds() };
    }
    const { cross } = await attend(context, embedding, null, without('self', selections.inference));
    const words = context.own(await cross!.categories(prompts.spans, options.attention.subtokens));
    const maps = context.own(await (await mergeWords(context, words)).minMax());
    // The scores are shares of votes, and votes are always numbers.
    for (const decisive of [proposals, maps]) await requireFiniteMaps(decisive, context);
    const prediction = await proposals.labelSegments(maps, labelOptions(context));
    return { ...outcome, prediction, milliseconds: milliseconds() };
  },
};
