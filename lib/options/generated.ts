/** Made from table.ts by `npm run generate`; a test compares the two. Change the table instead. */
import type { MethodName } from './method-names.js';
import type { LayerChoice, ResolutionWeights } from './values.js';

/** Adam's step on the prompt's embeddings. */
export interface AdamOptions {
  /**
   * Learning rate.
   * Expects a number above 0.
   * @default 0.01
   */
  learningRate: number;
  /**
   * Decay rate of the first moment.
   * Expects a number of at least 0 and below 1.
   * @default 0.9
   */
  beta1: number;
  /**
   * Decay rate of the second moment.
   * Expects a number of at least 0 and below 1.
   * @default 0.999
   */
  beta2: number;
  /**
   * Added to the denominator.
   * Expects a number above 0.
   * @default 1e-8
   */
  eps: number;
}

/** How the entropy is computed from the maps of the views. */
export interface EntropyOptions {
  /**
   * Normalisation over the categories before the entropy: none, to sum 1, or softmax.
   * @default "none"
   */
  normalise: 'none' | 'l1' | 'softmax';
  /**
   * Mean or sum over the points.
   * @default "mean"
   */
  reduce: 'mean' | 'sum';
  /**
   * Points covered by any view, or only those covered by every view.
   * @default "covered"
   */
  region: 'covered' | 'overlap';
}

/** What the loop minimises (eq. 3 to 8). */
export interface LossOptions {
  /**
   * Weight of the entropy loss (α); 0 leaves it out.
   * Expects a number of at least 0.
   * @default 1
   */
  alpha: number;
  /**
   * Weight of the clustering loss; 0 leaves it out.
   * Expects a number of at least 0.
   * @default 1
   */
  clusterWeight: number;
  /**
   * Slope of the anchors' sigmoid (eq. 5).
   * Expects a number above 0.
   * @default 4
   */
  anchorScale: number;
  /**
   * Centre of the anchors' sigmoid (eq. 5).
   * Expects a number from 0 to 1.
   * @default 0.5
   */
  anchorCentre: number;
  /**
   * Which anchor and map form a pair in eq. 7.
   * `printed`: the anchor of the later category and the map of the earlier. `symmetric`: the mean of both orders.
   * @default "printed"
   */
  interPairs: 'printed' | 'symmetric';
  /**
   * Paths that the gradient follows.
   * `exact` follows every path; the others cut some.
   * @default "exact"
   */
  gradient: 'exact' | 'distance-constant' | 'self-constant' | 'keys-only';
  /** How the entropy is computed from the maps of the views. */
  entropy: EntropyOptions;
}

/** How a crop is drawn. */
export interface CropOptions {
  /**
   * Whether the crop size is a share of the side, or of the area as in torchvision.
   * `side`: a square whose side is a uniform share of the image's, in [`min`, `max`]. `area`: `RandomResizedCrop`, a uniform share of the area and a log-uniform aspect in `ratio`.
   * @default "side"
   */
  rule: 'side' | 'area';
  /**
   * Smallest share.
   * Expects a number above 0 and of at most 1.
   * @default 0.6
   */
  min: number;
  /**
   * Largest share.
   * Expects a number above 0 and of at most 1.
   * @default 1
   */
  max: number;
  /**
   * Range of aspect ratios (width / height) for the rule "area".
   * @default [0.75,1.3333333333333333]
   */
  ratio: readonly [number, number];
}

/** The crops used by the loop. */
export interface ViewOptions {
  /**
   * New crops in every step, or one set for the whole image (fewer encoder passes).
   * @default "perStep"
   */
  fresh: 'perStep' | 'perImage';
  /**
   * Crops per step.
   * Expects an integer from 1 to 16.
   * @default 2
   */
  count: number;
  /**
   * Range of timesteps in the loop, both ends included.
   * Each step draws one timestep for all its views.
   * @default [5,300]
   */
  timesteps: readonly [number, number];
  /** How a crop is drawn. */
  crop: CropOptions;
}

/** ISeg's refinement, which replaces eq. 2 in the prediction. */
export interface RefineOptions {
  /**
   * Applications of the self-attention, with each map normalised to sum 1 in between; 0 uses eq. 2.
   * Expects an integer from 0 to 100.
   * @default 0
   */
  iterations: number;
  /**
   * How strongly weak self-attention is reduced first (λ).
   * Self-attention below 1/e of the largest value of its key is reduced; small values vanish.
   * Expects a number from 0 to 10.
   * @default 0.015
   */
  entropyReduction: number;
}

/** Layers and heads that are read; for research. */
export interface LayerOptions {
  /**
   * Cross-attention in the loop.
   * @default "all"
   */
  trainingCross: 'all' | LayerChoice;
  /**
   * Self-attention in the loop.
   * @default "all"
   */
  trainingSelf: 'all' | LayerChoice;
  /**
   * Cross-attention in the prediction.
   * @default "all"
   */
  inferenceCross: 'all' | LayerChoice;
  /**
   * Self-attention in the prediction.
   * @default "all"
   */
  inferenceSelf: 'all' | LayerChoice;
}

/** Which attention maps are read, and how they are combined into one map per category. */
export interface AttentionOptions {
  /**
   * Resolutions of the attention in the loop; bundle: those of the model.
   * @default "bundle"
   */
  training: ResolutionWeights;
  /**
   * Resolutions of the cross-attention in the prediction.
   * @default "bundle"
   */
  inferenceCross: ResolutionWeights;
  /**
   * Resolutions of the self-attention in the prediction.
   * @default "bundle"
   */
  inferenceSelf: ResolutionWeights;
  /**
   * Side length of the maps in refinement and losses; native: the finest training resolution.
   * @default "native"
   */
  frame: 'native' | 'latent' | number;
  /**
   * How the maps of the sub-tokens of a name are combined.
   * @default "mean"
   */
  subtokens: 'mean' | 'last' | 'max';
  /**
   * How the maps of each resolution are scaled before they are summed.
   * Each token's map is left as it is, divided by its range, or divided by its sum over the points.
   * @default "none"
   */
  crossScale: 'none' | 'min-max' | 'sum';
  /**
   * How often eq. 2 applies the self-attention.
   * Expects an integer from 1 to 16.
   * @default 1
   */
  refineIterations: number;
  /** ISeg's refinement, which replaces eq. 2 in the prediction. */
  refine: RefineOptions;
  /** Layers and heads that are read; for research. */
  layers: LayerOptions;
}

/** The text around the names. */
export interface PromptOptions {
  /**
   * The prompt; the names replace {}.
   * @default "{}"
   */
  template: string;
  /**
   * Text between two names.
   * @default " "
   */
  separator: string;
  /**
   * Factor on the text states of every name except the background.
   * Expects a number above 0 and of at most 100.
   * @default 1
   */
  wordWeight: number;
  /**
   * Text after each name, one for all or one per name, for methods with one prompt per name.
   * @default ""
   */
  caption: string | Readonly<Record<string, string>>;
  /**
   * Prompt positions that are optimised.
   * @default "categories"
   */
  trainable: 'categories' | 'all-but-sos' | 'all';
}

/** Everything that none of the names covers. */
export interface BackgroundOptions {
  /**
   * Name of the background, appended to the categories.
   * @default "background"
   */
  name: string;
  /**
   * Source of the background map: its own word, the maximum of several words, a threshold, or (1 − max)².
   * `word`: its name in the prompt. `words`: the maximum of several. `threshold`: a constant. `complement`: (1 − max)² of the other categories, which is equivalent to a threshold of (3 − √5)/2 ≈ 0.382.
   * @default "word"
   */
  rule: 'word' | 'words' | 'threshold' | 'complement';
  /**
   * Constant for the rule "threshold".
   * Expects a number from 0 to 1.
   * @default 0.5
   */
  threshold: number;
  /**
   * Words for the rule "words"; with other rules, context in the prompt.
   * As context they follow the prompt, as many as fit.
   * @default "none"
   */
  words: 'none' | 'voc' | 'coco' | readonly string[];
}

/** The pass over the whole image that produces the masks. */
export interface InferenceOptions {
  /**
   * Timestep of the prediction.
   * Expects an integer from 0 to 999.
   * @default 50
   */
  timestep: number;
  /**
   * Add the noise of the timestep; otherwise the clean latent is used.
   * @default true
   */
  noise: boolean;
  /**
   * Min-max normalise each map again at the image size.
   * @default false
   */
  rescale: boolean;
  /**
   * Resize the maps and then take the argmax, or the other way round.
   * @default "resize-first"
   */
  order: 'resize-first' | 'argmax-first';
}

/** Proposals of DiffSeg. */
export interface DiffSegOptions {
  /**
   * Anchors per side.
   * Expects an integer from 1 to 16.
   * @default 16
   */
  anchors: number;
  /**
   * Largest distance at which maps are merged (τ).
   * Expects a number above 0.
   * @default 1
   */
  threshold: number;
  /**
   * Rounds of merging; the first is around the anchors.
   * Expects an integer from 1 to 10.
   * @default 3
   */
  iterations: number;
}

/** K-means of iSeg over the cross-attention of each point. */
export interface ISegOptions {
  /**
   * Initial clusters per side.
   * Expects an integer from 1 to 64.
   * @default 6
   */
  clusters: number;
  /**
   * Iterations of k-means.
   * Expects an integer from 1 to 100.
   * @default 20
   */
  iterations: number;
}

/** What a caller may give in part. */
export type OptionGroup =
  | AdamOptions
  | EntropyOptions
  | LossOptions
  | CropOptions
  | ViewOptions
  | RefineOptions
  | LayerOptions
  | AttentionOptions
  | PromptOptions
  | BackgroundOptions
  | InferenceOptions
  | DiffSegOptions
  | ISegOptions;

/** All options that decide the mask, complete. A result and a report carry this object. */
export interface MethodOptions {
  /**
   * How the masks are found; each method has its own defaults.
   * @default "invseg"
   */
  method: MethodName;
  /**
   * Optimisation steps; 0 gives the baseline.
   * Expects an integer from 0 to 1000.
   * @default 15
   */
  steps: number;
  /**
   * Seed of crops, timesteps and noise; one seed gives one mask.
   * Expects an integer from 0 to 4294967295.
   * @default 0
   */
  seed: number;
  /**
   * Sample the latent from the encoder's posterior instead of taking its mean.
   * @default false
   */
  latentSample: boolean;
  /** Adam's step on the prompt's embeddings. */
  adam: AdamOptions;
  /** What the loop minimises (eq. 3 to 8). */
  loss: LossOptions;
  /** The crops used by the loop. */
  views: ViewOptions;
  /** Which attention maps are read, and how they are combined into one map per category. */
  attention: AttentionOptions;
  /** The text around the names. */
  prompt: PromptOptions;
  /** Everything that none of the names covers. */
  background: BackgroundOptions;
  /** The pass over the whole image that produces the masks. */
  inference: InferenceOptions;
  /** Proposals of DiffSeg. */
  diffseg: DiffSegOptions;
  /** K-means of iSeg over the cross-attention of each point. */
  iseg: ISegOptions;
}

/** What a result brings beside the mask, complete. */
export interface OutputOptions {
  /**
   * Also output the refined maps (segment: a .npy file).
   * @default false
   */
  saveMaps: boolean;
  /**
   * Return the best category of each point and its value, for `labelsAt`.
   * @default false
   */
  saveStrengths: boolean;
  /**
   * Measure the loss of the learnt prompt on the views of the first step, for comparison.
   * Takes as long as one more step.
   * @default false
   */
  compareLoss: boolean;
}

/** Options of `Segmenter.open`, complete. */
export interface EngineOptions {
  /**
   * Model folder: a bundle, or diffusers layout (default: the bundled model).
   * @default undefined
   */
  model: string | undefined;
  /**
   * Auto (first CUDA device, else the CPU), cpu, cuda or cuda:<index>.
   * @default "auto"
   */
  device: string;
  /**
   * Auto (float16 on CUDA, float32 on the CPU), float32, bfloat16 or float16.
   * @default "auto"
   */
  dtype: 'auto' | 'float32' | 'bfloat16' | 'float16';
  /**
   * CPU threads of the engine; 0: automatic.
   * Expects an integer from 0 to 1024.
   * @default 0
   */
  threads: number;
  /**
   * Read every weight once and reject NaN and infinity.
   * @default true
   */
  checkFinite: boolean;
  /**
   * Load TorchScript from outside this package; it is a program and runs with your rights.
   * @default false
   */
  trustCode: boolean;
  /**
   * Copy the weights into memory instead of mapping their files (network disks, files others write).
   * Needs as much more memory as the weights take; later changes to the files have no effect.
   * @default false
   */
  copyWeights: boolean;
}
