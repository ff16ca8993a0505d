/** Every default (those of a method alone are in `method-defaults.ts`), and the named presets that stand above them. */

import type { Frozen } from '../freeze.js';
import { deepFreeze } from '../freeze.js';
import { methodPresets } from './method-defaults.js';
import type { EngineOptions, MethodOptions, MethodOverrides } from './types.js';

const methodOptions: MethodOptions = {
  method: 'invseg',
  steps: 15,
  seed: 0,
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  adamEps: 1e-8,
  alpha: 1,
  clusterWeight: 1,
  anchorScale: 4,
  anchorCentre: 0.5,
  interPairs: 'printed',
  gradient: 'exact',
  entropy: { normalise: 'none', reduce: 'mean', region: 'covered' },
  views: 'perStep',
  viewCount: 2,
  crop: { rule: 'side', min: 0.6, max: 1, ratio: [3 / 4, 4 / 3] },
  timestepRange: [5, 300],
  inferenceTimestep: 50,
  trainable: 'categories',
  subtokens: 'mean',
  trainingResolutions: 'bundle',
  inferenceCross: 'bundle',
  inferenceSelf: 'bundle',
  layers: { trainingCross: 'all', trainingSelf: 'all', inferenceCross: 'all', inferenceSelf: 'all' },
  frame: 'native',
  refineIterations: 1,
  refine: { iterations: 0, entropyReduction: 0.015 },
  crossScale: 'none',
  inferenceNoise: true,
  template: '{}',
  separator: ' ',
  background: 'background',
  backgroundRule: 'word',
  backgroundThreshold: 0.5,
  backgroundWords: 'none',
  wordWeight: 1,
  caption: '',
  diffseg: { anchors: 16, threshold: 1, iterations: 3 },
  iseg: { clusters: 6, iterations: 20 },
  rescale: false,
  order: 'resize-first',
  latentSample: false,
  saveMaps: false,
  saveStrengths: false,
  compareLoss: false,
};

export const defaults: Frozen<MethodOptions> = deepFreeze(methodOptions);

export const engineDefaults: Readonly<EngineOptions> = Object.freeze({
  model: undefined,
  device: 'auto',
  dtype: 'auto',
  threads: 0,
  checkFinite: true,
  trustCode: false,
  copyWeights: false,
});

/** Named sets of options; what a caller gives beside a preset wins over it. */
export const presets: Frozen<Record<string, MethodOverrides>> = deepFreeze<Record<string, MethodOverrides>>({
  /**
   * The settings that the paper states for SD 2.1, whatever the model's own say: 15 Adam steps of 0.01, α 1, anchor scale 4,
   * two views, t in [5, 300] and 50, training at 16×16, cross-attention at 16 and self-attention of all resolutions.
   */
  paper: {
    steps: 15,
    learningRate: 0.01,
    alpha: 1,
    anchorScale: 4,
    viewCount: 2,
    timestepRange: [5, 300],
    inferenceTimestep: 50,
    trainable: 'categories',
    trainingResolutions: { 16: 1 },
    inferenceCross: { 16: 1 },
    inferenceSelf: 'proportional',
  },
  ...methodPresets,
});
