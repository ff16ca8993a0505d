/** For every option another value than its default, so that what it changes can be seen. */
import type { MethodOverrides } from '../../lib/options/index.js';

/** One or several, by the option's key. */
export const alternatives: Record<string, MethodOverrides[]> = {
  method: [{ method: 'baseline' }],
  steps: [{ steps: 4 }],
  seed: [{ seed: 7 }],
  latentSample: [{ latentSample: true }],
  'adam.learningRate': [{ adam: { learningRate: 0.1 } }],
  'adam.beta1': [{ adam: { beta1: 0.5 } }],
  'adam.beta2': [{ adam: { beta2: 0.5 } }],
  'adam.eps': [{ adam: { eps: 0.1 } }],
  'loss.alpha': [{ loss: { alpha: 5 } }],
  'loss.clusterWeight': [{ loss: { clusterWeight: 3 } }],
  'loss.anchorScale': [{ loss: { anchorScale: 16 } }],
  'loss.anchorCentre': [{ loss: { anchorCentre: 0.2 } }],
  'loss.interPairs': [{ loss: { interPairs: 'symmetric' } }],
  'loss.gradient': [{ loss: { gradient: 'keys-only' } }, { loss: { gradient: 'distance-constant' } }],
  'loss.entropy.normalise': [{ loss: { entropy: { normalise: 'l1' } } }],
  'loss.entropy.reduce': [{ loss: { entropy: { reduce: 'sum' } } }],
  'loss.entropy.region': [{ loss: { entropy: { region: 'overlap' } } }],
  'views.fresh': [{ views: { fresh: 'perImage' } }],
  'views.count': [{ views: { count: 3 } }],
  'views.timesteps': [{ views: { timesteps: [400, 600] } }],
  'views.crop.rule': [{ views: { crop: { rule: 'area' } } }],
  'views.crop.min': [{ views: { crop: { min: 0.3 } } }],
  'views.crop.max': [{ views: { crop: { max: 0.8 } } }],
  'views.crop.ratio': [{ views: { crop: { ratio: [1, 3] } } }],
  'attention.training': [{ attention: { training: { 8: 1 } } }],
  'attention.inferenceCross': [{ attention: { inferenceCross: { 8: 1 } } }],
  'attention.inferenceSelf': [{ attention: { inferenceSelf: { 8: 1 } } }],
  'attention.frame': [{ attention: { frame: 8 } }],
  'attention.subtokens': [{ attention: { subtokens: 'last' } }, { attention: { subtokens: 'max' } }],
  'attention.crossScale': [{ attention: { crossScale: 'sum' } }, { attention: { crossScale: 'min-max' } }],
  'attention.refineIterations': [{ attention: { refineIterations: 3 } }],
  'attention.refine.iterations': [{ attention: { refine: { iterations: 8 } } }],
  'attention.refine.entropyReduction': [{ attention: { refine: { entropyReduction: 1 } } }],
  'attention.layers.trainingCross': [layers('trainingCross', 'down_blocks.1.attentions.0')],
  'attention.layers.trainingSelf': [layers('trainingSelf', 'down_blocks.1.attentions.0')],
  'attention.layers.inferenceCross': [
    layers('inferenceCross', 'down_blocks.0.attentions.0', 'down_blocks.1.attentions.0'),
  ],
  'attention.layers.inferenceSelf': [layers('inferenceSelf', 'down_blocks.0.attentions.0')],
  'prompt.template': [{ prompt: { template: 'a photograph of {}' } }],
  'prompt.separator': [{ prompt: { separator: ' and ' } }],
  'prompt.wordWeight': [{ prompt: { wordWeight: 3 } }],
  'prompt.caption': [{ prompt: { caption: 'on the grass' } }],
  'prompt.trainable': [{ prompt: { trainable: 'all' } }],
  'background.name': [{ background: { name: 'other' } }],
  'background.rule': [
    { background: { rule: 'threshold' } },
    { background: { rule: 'complement' } },
    { background: { rule: 'words', words: ['sky', 'grass'] } },
  ],
  'background.threshold': [{ background: { threshold: 0.9 } }],
  'background.words': [{ background: { words: ['sky', 'grass'] } }],
  'inference.timestep': [{ inference: { timestep: 300 } }],
  'inference.noise': [{ inference: { noise: false } }],
  'inference.rescale': [{ inference: { rescale: true } }],
  'inference.order': [{ inference: { order: 'argmax-first' } }],
  'diffseg.anchors': [{ diffseg: { anchors: 8 } }],
  'diffseg.threshold': [{ diffseg: { threshold: 0.1 } }],
  'diffseg.iterations': [{ diffseg: { iterations: 1 } }],
  'iseg.clusters': [{ iseg: { clusters: 2 } }],
  'iseg.iterations': [{ iseg: { iterations: 1 } }],
};

function layers(kind: string, ...names: string[]): MethodOverrides {
  return { attention: { layers: { [kind]: { layers: names } } } };
}

/** What an option needs beside it to have a meaning at all. */
export const companions: Readonly<Record<string, MethodOverrides>> = {
  // Of a single resolution eq. 2 takes every scale away.
  'attention.crossScale': { attention: { training: 'proportional' } },
  'attention.refine.entropyReduction': { attention: { refine: { iterations: 8 } } },
  'views.crop.ratio': { views: { crop: { rule: 'area' } } },
  'background.threshold': { background: { rule: 'threshold' } },
  'attention.subtokens': { background: { name: 'everything else' } }, // a name of several
};

/** `over` laid on `base`, group by group. */
export function merged(base: MethodOverrides, over: MethodOverrides): MethodOverrides {
  const lay = (below: object, above: object): object =>
    Object.fromEntries(
      [...new Set([...Object.keys(below), ...Object.keys(above)])].map((key) => {
        const [one, other] = [below, above].map((group) => (group as Record<string, unknown>)[key]);
        return [key, isGroup(one) && isGroup(other) ? lay(one, other) : (other ?? one)];
      }),
    );
  return lay(base, over);
}

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A title, the option's key and the overrides, one entry for each alternative. */
export const changes: [string, string, MethodOverrides][] = Object.entries(alternatives).flatMap(([key, list]) =>
  list.map((overrides): [string, string, MethodOverrides] => [JSON.stringify(overrides), key, overrides]),
);
