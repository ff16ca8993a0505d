/** Options of this library → the native inversion, and its prediction. */
import type {
  NativeInversion,
  NativeInversionOptions,
  NativePrediction,
  NativePredictOptions,
} from '../native/index.js';
import type { MethodOptions } from '../options/index.js';
import { nativeOptions } from '../options/index.js';
import type { PromptSet } from '../text/index.js';
import type { MethodContext } from './method.js';
import { labelOptions, noiseSeed } from './passes.js';

/** [prompts × K], 1 where the embedding may change; `spans` is [S × 3] as in `NativeInversionOptions`. */
export function trainableMask(
  rule: MethodOptions['prompt']['trainable'],
  prompts: Pick<PromptSet, 'count' | 'length' | 'spans'>,
): Uint8Array {
  const { count, length, spans } = prompts;
  const mask = new Uint8Array(count * length);
  if (rule !== 'categories') {
    mask.fill(1);
    if (rule === 'all-but-sos') for (let prompt = 0; prompt < count; prompt++) mask[prompt * length] = 0;
    return mask;
  }
  for (let i = 0; i < spans.length; i += 3) {
    const begin = spans[i]! * length + spans[i + 1]!;
    mask.fill(1, begin, begin + spans[i + 2]!);
  }
  return mask;
}

export function inversionOptions(
  context: Pick<MethodContext, 'options' | 'prompts' | 'selections'>,
): NativeInversionOptions {
  const { options, prompts, selections } = context;
  return {
    ...(nativeOptions('inversion', options) as NativeLoopOptions),
    spans: prompts.spans,
    groups: prompts.groups,
    training: selections.training,
    frame: selections.frame,
    trainable: trainableMask(options.prompt.trainable, prompts),
  };
}

/** The handle lives until the call ends. */
export async function openInversion(context: MethodContext): Promise<NativeInversion> {
  context.checkpoint();
  const { engine, image, embedding } = context;
  return context.own(await engine.createInversion(image, embedding, inversionOptions(context)));
}

/** What the table of options gives the loop. */
type NativeLoopOptions = Omit<NativeInversionOptions, 'spans' | 'groups' | 'training' | 'frame' | 'trainable'>;

/** What decides the prediction, for whoever predicts: a second place would forget an option. */
export function predictOptions(
  context: Pick<MethodContext, 'options' | 'output' | 'selections' | 'inferenceSeed' | 'width' | 'height'>,
): NativePredictOptions {
  const { options, selections } = context;
  return {
    ...(nativeOptions('prediction', options) as Pick<NativePredictOptions, 'timestep' | 'refineIterations' | 'refine'>),
    ...labelOptions(context),
    selection: selections.inference,
    noiseSeed: noiseSeed(context),
  };
}

/** One pass over the whole picture with the prompt as learnt so far. */
export function predict(context: MethodContext, inversion: NativeInversion): Promise<NativePrediction> {
  context.onPredict();
  return inversion.predict(predictOptions(context));
}
