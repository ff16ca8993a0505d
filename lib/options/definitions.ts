/** Rule and meaning of every option, in the order in which `--help`, the README and a report list them. */
import { methodNames } from '../methods/names.js';
import { layerChoice, resolutionWeights } from './attention.js';
import type { Definition, Definitions } from './groups.js';
import { diffsegDefinitions, group, isegDefinitions, refineDefinitions, wordRules } from './groups.js';
import { either, flag, integer, number, oneOf, range, refuse, text } from './rules.js';
import type { Scope, Scopes } from './scopes.js';
import type { CropOptions, EngineOptions, EntropyOptions, LayerOptions, MethodOptions } from './types.js';

const cropDefinitions: Definitions<CropOptions> = {
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

const loop: readonly Scope[] = ['loop'];
/** Values of the loss itself, so also what the loop makes of it. */
const loss: readonly Scope[] = ['loop', 'loss'];
/** Of passes over the whole picture: the loss that is probed there, and the prediction. */
const wholePicture: readonly Scope[] = ['loss', 'prediction'];
const prediction: readonly Scope[] = ['prediction'];
const everything: readonly Scope[] = ['loop', 'loss', 'prediction'];
const output: readonly Scope[] = ['output'];

type MethodDefinition<T> = Definition<T> & { scopes: Scopes<T> };

export const methodDefinitions: { [K in keyof MethodOptions]-?: MethodDefinition<MethodOptions[K]> } = {
  method: {
    rule: oneOf(...methodNames),
    help: 'how the masks are found; each method has defaults of its own',
    scopes: everything,
  },
  steps: { rule: integer(0, 1000), help: 'optimisation steps; 0 is the baseline', scopes: loop },
  seed: {
    rule: integer(0, 0xffffffff),
    help: 'seed of crops, timesteps and noise; one seed, one mask',
    scopes: everything,
  },
  learningRate: { rule: number({ above: 0 }), help: "Adam's step size", scopes: loop },
  beta1: { rule: number({ min: 0, below: 1 }), help: "Adam's first decay", scopes: loop },
  beta2: { rule: number({ min: 0, below: 1 }), help: "Adam's second decay", scopes: loop },
  adamEps: { rule: number({ above: 0 }), help: "guard of Adam's denominator", scopes: loop },
  alpha: { rule: number({ min: 0 }), help: 'weight of the entropy loss', scopes: loss },
  clusterWeight: { rule: number({ min: 0 }), help: 'weight of the clustering loss', scopes: loss },
  anchorScale: { rule: number({ above: 0 }), help: "slope of the anchors' sigmoid", scopes: loss },
  anchorCentre: { rule: number({ min: 0, max: 1 }), help: "centre of the anchors' sigmoid", scopes: loss },
  interPairs: { rule: oneOf('printed', 'symmetric'), help: 'pairs of eq. 7', scopes: loss },
  gradient: {
    rule: oneOf('exact', 'distance-constant', 'self-constant', 'keys-only'),
    help: 'what the gradient passes through',
    scopes: loop,
  },
  entropy: { rule: group(entropyDefinitions), help: 'how the views become one entropy', scopes: loss },
  views: { rule: oneOf('perStep', 'perImage'), help: 'fresh crops in every step, or one set an image', scopes: loop },
  viewCount: { rule: integer(1, 16), help: 'crops in a step', scopes: loop },
  crop: { rule: crop, help: 'random crops of the loop', scopes: loop },
  timestepRange: { rule: range(timestep), help: 'timesteps of the loop, both ends included', scopes: loop },
  inferenceTimestep: { rule: timestep, help: 'timestep of the prediction', scopes: wholePicture },
  trainable: {
    rule: oneOf('categories', 'all-but-sos', 'all'),
    help: 'prompt positions that are learnt',
    scopes: loop,
  },
  subtokens: { rule: oneOf('mean', 'last', 'max'), help: 'how sub-tokens become one map', scopes: everything },
  trainingResolutions: {
    rule: resolutionWeights,
    help: "attention that the loop reads; bundle: the model's own",
    scopes: loss,
  },
  inferenceCross: { rule: resolutionWeights, help: 'cross-attention of the prediction', scopes: prediction },
  inferenceSelf: { rule: resolutionWeights, help: 'self-attention of the prediction', scopes: prediction },
  layers: {
    rule: group(layerDefinitions),
    help: 'attention layers and heads that are read',
    scopes: { trainingCross: loss, trainingSelf: loss, inferenceCross: prediction, inferenceSelf: prediction },
  },
  frame: {
    rule: either(oneOf('native', 'latent'), integer(2, 256)),
    help: 'side of the frame of refinement and losses; native: the finest training resolution',
    scopes: loss,
  },
  refineIterations: { rule: integer(1, 16), help: 'applications of the self-attention in eq. 2', scopes: everything },
  refine: { rule: group(refineDefinitions), help: "iSeg's refinement", scopes: prediction },
  crossScale: {
    rule: oneOf('none', 'min-max', 'sum'),
    help: 'what each resolution is divided by before the sum',
    scopes: everything,
  },
  inferenceNoise: { rule: flag, help: 'add the noise of the timestep before the prediction', scopes: wholePicture },
  template: { rule: template, help: 'prompt around the names, which stand for {}', scopes: everything },
  separator: {
    rule: text('a string of at most 32 characters', (value) => value.length <= 32),
    help: 'between two names',
    scopes: everything,
  },
  background: {
    rule: text('a name of at most 200 characters', (value) => value.trim() !== '' && value.length <= 200),
    help: 'name of everything else',
    scopes: everything,
  },
  backgroundRule: {
    rule: oneOf('word', 'words', 'threshold', 'complement'),
    help: 'where the background comes from: its own word, the maximum of several, a threshold, or (1 − max)²',
    scopes: everything,
  },
  backgroundThreshold: {
    rule: number({ min: 0, max: 1 }),
    help: 'constant of the rule "threshold"',
    scopes: wholePicture,
  },
  backgroundWords: {
    rule: wordRules.backgroundWords,
    help: 'words of the rule "words", else context of the prompt',
    scopes: everything,
  },
  wordWeight: {
    rule: number({ above: 0, max: 100 }),
    help: "factor of the categories' embeddings",
    scopes: everything,
  },
  caption: {
    rule: wordRules.caption,
    help: 'text after each name, where each has a prompt of its own',
    scopes: everything,
  },
  diffseg: { rule: group(diffsegDefinitions), help: 'proposals of DiffSeg', scopes: prediction },
  iseg: { rule: group(isegDefinitions), help: 'k-means of iSeg', scopes: prediction },
  rescale: { rule: flag, help: "min-max each map again at the picture's size", scopes: prediction },
  order: {
    rule: oneOf('resize-first', 'argmax-first'),
    help: 'enlarge the maps and take the maximum, or the other way round',
    scopes: prediction,
  },
  latentSample: { rule: flag, help: 'sample the latent instead of its mean', scopes: everything },
  saveMaps: { rule: flag, help: 'return the refined maps', scopes: output },
  saveStrengths: { rule: flag, help: 'return what a change of the threshold needs (labelsAt)', scopes: output },
  compareLoss: {
    rule: flag,
    help: "measure the loss of the learnt prompt on the first step's views, as comparison",
    scopes: output,
  },
};

const device = text('"auto", "cpu", "cuda" or "cuda:<index>"', (value) => /^(auto|cpu|cuda(:\d{1,3})?)$/.test(value));

const folder = text('the path of a folder', (value) => value !== '');

export const engineDefinitions: Definitions<EngineOptions> = {
  model: {
    rule: {
      expects: folder.expects,
      read: (value, name) => (value === undefined ? undefined : folder.read(value, name)),
    },
    help: 'folder of the model; left out: the small model in the package',
  },
  device: { rule: device, help: 'where it runs; auto: the first CUDA device, else the CPU' },
  dtype: {
    rule: oneOf('auto', 'float32', 'bfloat16', 'float16'),
    help: 'precision of the weights; auto: float16 on CUDA, float32 on the CPU',
  },
  threads: { rule: integer(0, 1024), help: 'CPU threads; 0 is automatic' },
  checkFinite: { rule: flag, help: 'refuse weights with NaN or infinity' },
  trustCode: { rule: flag, help: 'load a model whose code is not of this package: a program' },
  copyWeights: {
    rule: flag,
    help: 'copy the weights into memory instead of mapping their files: for network disks, files that others write to',
  },
};
