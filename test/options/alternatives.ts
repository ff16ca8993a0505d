/** For every option another value than its default, so that what it changes can be seen. */
import type { MethodOptions, MethodOverrides } from '../../lib/options/index.js';

/** One or several; the type demands an entry for each option that is added. */
export const alternatives: { [K in keyof MethodOptions]-?: MethodOverrides[] } = {
  method: [{ method: 'baseline' }],
  steps: [{ steps: 4 }],
  seed: [{ seed: 7 }],
  learningRate: [{ learningRate: 0.1 }],
  beta1: [{ beta1: 0.5 }],
  beta2: [{ beta2: 0.5 }],
  adamEps: [{ adamEps: 0.1 }],
  alpha: [{ alpha: 5 }],
  clusterWeight: [{ clusterWeight: 3 }],
  anchorScale: [{ anchorScale: 16 }],
  anchorCentre: [{ anchorCentre: 0.2 }],
  interPairs: [{ interPairs: 'symmetric' }],
  gradient: [{ gradient: 'keys-only' }, { gradient: 'distance-constant' }],
  entropy: [{ entropy: { normalise: 'l1' } }, { entropy: { reduce: 'sum' } }],
  views: [{ views: 'perImage' }],
  viewCount: [{ viewCount: 3 }],
  crop: [{ crop: { min: 0.3 } }],
  timestepRange: [{ timestepRange: [400, 600] }],
  inferenceTimestep: [{ inferenceTimestep: 300 }],
  trainable: [{ trainable: 'all' }],
  subtokens: [{ subtokens: 'last' }, { subtokens: 'max' }],
  trainingResolutions: [{ trainingResolutions: { 8: 1 } }],
  inferenceCross: [{ inferenceCross: { 8: 1 } }],
  inferenceSelf: [{ inferenceSelf: { 8: 1 } }],
  layers: [
    { layers: { trainingCross: { layers: ['down_blocks.1.attentions.0'] } } },
    { layers: { trainingSelf: { layers: ['down_blocks.1.attentions.0'] } } },
    { layers: { inferenceCross: { layers: ['down_blocks.0.attentions.0', 'down_blocks.1.attentions.0'] } } },
    { layers: { inferenceSelf: { layers: ['down_blocks.0.attentions.0'] } } },
  ],
  frame: [{ frame: 8 }],
  refineIterations: [{ refineIterations: 3 }],
  refine: [{ refine: { iterations: 8 } }],
  crossScale: [{ crossScale: 'sum' }, { crossScale: 'min-max' }],
  inferenceNoise: [{ inferenceNoise: false }],
  template: [{ template: 'a photograph of {}' }],
  separator: [{ separator: ' and ' }],
  background: [{ background: 'other' }],
  backgroundRule: [
    { backgroundRule: 'threshold' },
    { backgroundRule: 'complement' },
    { backgroundRule: 'words', backgroundWords: ['sky', 'grass'] },
  ],
  backgroundThreshold: [{ backgroundThreshold: 0.9 }],
  backgroundWords: [{ backgroundWords: ['sky', 'grass'] }],
  wordWeight: [{ wordWeight: 3 }],
  caption: [{ caption: 'on the grass' }],
  diffseg: [{ diffseg: { threshold: 0.1 } }],
  iseg: [{ iseg: { clusters: 2 } }],
  rescale: [{ rescale: true }],
  order: [{ order: 'argmax-first' }],
  latentSample: [{ latentSample: true }],
  saveMaps: [{ saveMaps: true }],
  saveStrengths: [{ saveStrengths: true }],
  compareLoss: [{ compareLoss: true }],
};

/** What an option needs beside it to have a meaning at all. */
export const companions: Partial<Record<keyof MethodOptions, MethodOverrides>> = {
  crossScale: { trainingResolutions: 'proportional' }, // of a single resolution eq. 2 takes every scale away
  backgroundThreshold: { backgroundRule: 'threshold' },
  subtokens: { background: 'everything else' }, // a name of several
};

/** A title and the overrides, one entry for each alternative. */
export const changes: [string, keyof MethodOptions, MethodOverrides][] = Object.entries(alternatives).flatMap(
  ([key, list]) =>
    list.map((overrides): [string, keyof MethodOptions, MethodOverrides] => [
      JSON.stringify(overrides),
      key as keyof MethodOptions,
      overrides,
    ]),
);
