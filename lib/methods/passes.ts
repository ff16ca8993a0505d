/** What several methods do with one pass over the whole picture. */
import type {
  NativeEmbedding,
  NativeLabelOptions,
  NativeMapSelection,
  NativeMaps,
  NativeRawMaps,
} from '../native/index.js';
import { nativeOptions } from '../options/index.js';
import type { MethodContext } from './method.js';

/** Seed of the prediction's noise, or null where none is added. */
export function noiseSeed({ options, inferenceSeed }: Pick<MethodContext, 'options' | 'inferenceSeed'>): number | null {
  return options.inference.noise ? inferenceSeed : null;
}

export function labelOptions({
  options,
  output,
  width,
  height,
}: Pick<MethodContext, 'options' | 'output' | 'width' | 'height'>): NativeLabelOptions {
  const given = nativeOptions('labels', options) as Required<TableLabels>;
  return {
    ...given,
    width,
    height,
    // Several words have become one category by then.
    background: options.background.rule === 'words' ? 'word' : options.background.rule,
    maps: output.saveMaps,
    strengths: output.saveStrengths,
  };
}

type TableLabels = Pick<NativeLabelOptions, 'order' | 'background' | 'threshold' | 'rescale'>;

/**
 * One pass with one prompt of `embedding`, or with all (null). The maps live until the call ends, or are disposed of before.
 * @param frame side of the frame of the maps; default: the latent's
 */
export async function attend(
  context: MethodContext,
  embedding: NativeEmbedding,
  prompt: number | null,
  selection: NativeMapSelection = context.selections.inference,
  frame?: number,
): Promise<{ self: NativeMaps | null; cross: NativeMaps | null }> {
  context.checkpoint();
  const timestep = context.options.inference.timestep;
  const maps = await context.engine.attend(context.image, embedding, {
    selection,
    timestep,
    noiseSeed: noiseSeed(context),
    prompt,
    ...(frame !== undefined && { frame }),
  });
  for (const kind of [maps.self, maps.cross]) if (kind) context.own(kind);
  return maps;
}

/** The same pass with all prompts as written, before any aggregation: each map is [prompts × points × columns]. */
export function readRaw(context: MethodContext, selection: NativeMapSelection): Promise<NativeRawMaps> {
  const { engine, image, embedding, options } = context;
  return engine.readMaps(image, embedding, selection, options.inference.timestep, noiseSeed(context));
}

/** The selection with one kind of map left out. */
export function without(kind: 'self' | 'cross', selection: NativeMapSelection): NativeMapSelection {
  const { selfLayers, crossLayers, selfWeights, crossWeights } = selection;
  return kind === 'self'
    ? { ...selection, selfLayers: selfLayers.map(() => 0), selfWeights: selfWeights.map(() => 0) }
    : { ...selection, crossLayers: crossLayers.map(() => 0), crossWeights: crossWeights.map(() => 0) };
}

/** Eq. 2 before its min-max, or iSeg's iterated refinement where the options turn it on. */
export async function refineMaps(
  context: MethodContext,
  self: NativeMaps,
  categories: NativeMaps,
): Promise<NativeMaps> {
  const { refine, refineIterations } = context.options.attention;
  if (refine.iterations === 0) return context.own(await self.refine(categories, refineIterations, false));
  const reduced = context.own(await self.reduceEntropy(refine.entropyReduction));
  const refined = context.own(await reduced.refine(categories, refine.iterations, true));
  reduced.dispose(); // as large as the self-attention
  return refined;
}

/** Words of one category become one map. */
export async function mergeWords(context: MethodContext, maps: NativeMaps): Promise<NativeMaps> {
  const { groups } = context.prompts;
  const single = groups.every((group, i) => group === i);
  return single ? maps : context.own(await maps.merge(groups));
}
