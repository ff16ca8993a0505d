/** Rule and meaning of every option, in the order in which `--help`, the README and a report list them. */
import { methodNames } from '../methods/names.js';
import { layerChoice, resolutionWeights } from './attention.js';
import { diffsegDefinitions, group, isegDefinitions, refineDefinitions, wordRules } from './groups.js';
import type { Definitions } from './groups.js';
import { either, flag, integer, number, oneOf, range, refuse, text } from './rules.js';
import type { CropOptions, EngineOptions, EntropyOptions, LayerOptions, MethodOptions } from './types.js';

export const cropDefinitions: Definitions<CropOptions> = {
  rule: { rule: oneOf('side', 'area'), help: 'share of the side, or of the area as torchvision draws it' },
  min: { rule: number({ above: 0, max: 1 }), help: 'smallest share' },
  max: { rule: number({ above: 0, max: 1 }), help: 'largest share' },
  ratio: { rule: range(number({ above: 0, max: 100 })), help: 'aspect ratios of the rule "area"' },
};

export const entropyDefinitions: Definitions<EntropyOptions> = {
  normalise: { rule: oneOf('none', 'l1', 'softmax'), help: 'over the categories, before the entropy' },
  reduce: { rule: oneOf('mean', 'sum'), help: 'over the points' },
  region: { rule: oneOf('covered', 'overlap'), help: 'points of some view, or of all views' },
};

const layerDefinitions: Definitions<LayerOptions> = {
  trainingCross: { rule: layerChoice, help: 'cross-attention of the loop' },
  trainingSelf: { rule: layerChoice, help: 'self-attention of the loop' },
  inferenceCross: { rule: layerChoice, help: 'cross-attention of the prediction' },
  inferenceSelf: { rule: layerChoice, help: 'self-attention of the prediction' },
};

const crop = group(cropDefinitions, ({ min, max }, name) => {
  if (min > max) refuse(`${name}.min`, `a number of at most ${name}.max (${max})`, min);
});

const timestep = integer(0, 999);
const template = text(
  'a string of at most 400 characters with {} in it once',
  (value) => value.length <= 400 && value.split('{}').length === 2,
);

export const methodDefinitions: Definitions<MethodOptions> = {
  method: { rule: oneOf(...methodNames), help: 'how the masks are found' },
  steps: { rule: integer(0, 1000), help: 'optimisation steps; 0 is the baseline' },
  seed: { rule: integer(0, 0xffffffff), help: 'seed of crops, timesteps and noise' },
  learningRate: { rule: number({ above: 0 }), help: "Adam's step size" },
  beta1: { rule: number({ min: 0, below: 1 }), help: "Adam's first decay" },
  beta2: { rule: number({ min: 0, below: 1 }), help: "Adam's second decay" },
  adamEps: { rule: number({ above: 0 }), help: "guard of Adam's denominator" },
  alpha: { rule: number({ min: 0 }), help: 'weight of the entropy loss' },
  clusterWeight: { rule: number({ min: 0 }), help: 'weight of the clustering loss' },
  anchorScale: { rule: number({ above: 0 }), help: "slope of the anchors' sigmoid" },
  anchorCentre: { rule: number({ min: 0, max: 1 }), help: "centre of the anchors' sigmoid" },
  interPairs: { rule: oneOf('printed', 'symmetric'), help: 'pairs of eq. 7' },
  gradient: {
    rule: oneOf('exact', 'distance-constant', 'self-constant', 'keys-only'),
    help: 'what the gradient passes through',
  },
  entropy: { rule: group(entropyDefinitions), help: 'how the views become one entropy' },
  views: { rule: oneOf('perStep', 'perImage'), help: 'fresh views a step, or one set an image' },
  viewCount: { rule: integer(1, 16), help: 'views in a step' },
  crop: { rule: crop, help: 'random crops of the loop' },
  timestepRange: { rule: range(timestep), help: 'timesteps of the loop, both ends included' },
  inferenceTimestep: { rule: timestep, help: 'timestep of the prediction' },
  trainable: { rule: oneOf('categories', 'all-but-sos', 'all'), help: 'prompt positions that are learnt' },
  subtokens: { rule: oneOf('mean', 'last', 'max'), help: 'how sub-tokens become one map' },
  trainingResolutions: { rule: resolutionWeights, help: 'attention that the loop reads' },
  inferenceCross: { rule: resolutionWeights, help: 'cross-attention of the prediction' },
  inferenceSelf: { rule: resolutionWeights, help: 'self-attention of the prediction' },
  layers: { rule: group(layerDefinitions), help: 'attention layers and heads that are read' },
  frame: { rule: either(oneOf('native', 'latent'), integer(2, 256)), help: 'frame of refinement and losses' },
  refineIterations: { rule: integer(1, 16), help: 'applications of the self-attention in eq. 2' },
  refine: { rule: group(refineDefinitions), help: "iSeg's refinement" },
  crossScale: { rule: oneOf('none', 'min-max', 'sum'), help: 'what each resolution is divided by before the sum' },
  inferenceNoise: { rule: flag, help: 'add the noise of the timestep before the prediction' },
  template: { rule: template, help: 'prompt around the names' },
  separator: { rule: text('a string of at most 32 characters', (value) => value.length <= 32), help: 'between two names' },
  background: {
    rule: text('a name of at most 200 characters', (value) => value.trim() !== '' && value.length <= 200),
    help: 'name of everything else',
  },
  backgroundRule: { rule: oneOf('word', 'words', 'threshold', 'complement'), help: 'where the background comes from' },
  backgroundThreshold: { rule: number({ min: 0, max: 1 }), help: 'constant of the rule "threshold"' },
  backgroundWords: { rule: wordRules.backgroundWords, help: 'words of the rule "words", else context of the prompt' },
  wordWeight: { rule: number({ above: 0, max: 100 }), help: "factor of the categories' embeddings" },
  caption: { rule: wordRules.caption, help: 'text after each name, where each has a prompt of its own' },
  diffseg: { rule: group(diffsegDefinitions), help: 'proposals of DiffSeg' },
  iseg: { rule: group(isegDefinitions), help: 'k-means of iSeg' },
  rescale: { rule: flag, help: "min-max each map again at the picture's size" },
  order: { rule: oneOf('resize-first', 'argmax-first'), help: 'enlarge maps or labels' },
  latentSample: { rule: flag, help: 'sample the latent instead of its mean' },
  saveMaps: { rule: flag, help: 'return the refined maps' },
  saveStrengths: { rule: flag, help: 'return what a change of the threshold needs' },
  compareLoss: { rule: flag, help: 'measure the loss again on the first views' },
};

const device = text('"auto", "cpu", "cuda" or "cuda:<index>"', (value) => /^(auto|cpu|cuda(:\d{1,3})?)$/.test(value));

const folder = text('the path of a folder', (value) => value !== '');

export const engineDefinitions: Definitions<EngineOptions> = {
  model: {
    rule: {
      expects: folder.expects,
      read: (value, name) => (value === undefined ? undefined : folder.read(value, name)),
    },
    help: 'folder of the model',
  },
  device: { rule: device, help: 'where it runs' },
  dtype: { rule: oneOf('auto', 'float32', 'bfloat16', 'float16'), help: 'precision of the weights' },
  threads: { rule: integer(0, 1024), help: 'CPU threads; 0 is automatic' },
  checkFinite: { rule: flag, help: 'refuse weights with NaN or infinity' },
  trustCode: { rule: flag, help: 'load a model whose code is not of this package: a program' },
};
