/** Made from table.ts by `npm run generate`; a test compares the two. Change the table instead. */
import type { MethodName } from './method-names.js';
import type { LayerChoice, ResolutionWeights } from './values.js';

/** Adam's step on the prompt's embeddings. */
export interface AdamOptions {
  /**
   * Adam's step size.
   * Expects a number above 0.
   * @default 0.01
   */
  learningRate: number;
  /**
   * Decay of the first moment.
   * Expects a number of at least 0 and below 1.
   * @default 0.9
   */
  beta1: number;
  /**
   * Decay of the second moment.
   * Expects a number of at least 0 and below 1.
   * @default 0.999
   */
  beta2: number;
  /**
   * Guard of the denominator.
   * Expects a number above 0.
   * @default 1e-8
   */
  eps: number;
}

/** How the maps of the views become one entropy. */
export interface EntropyOptions {
  /**
   * Over the categories, before the entropy: as they are, scaled to sum 1, or softmax.
   * @default "none"
   */
  normalise: 'none' | 'l1' | 'softmax';
  /**
   * Over the points.
   * @default "mean"
   */
  reduce: 'mean' | 'sum';
  /**
   * Points that some view covers, or only those that every view covers.
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
   * Pairs of eq. 7.
   * `printed`: anchor of the later category, map of the earlier. `symmetric`: the mean of both orders.
   * @default "printed"
   */
  interPairs: 'printed' | 'symmetric';
  /**
   * What the gradient passes through.
   * `exact` follows every path, the others cut some.
   * @default "exact"
   */
  gradient: 'exact' | 'distance-constant' | 'self-constant' | 'keys-only';
  /** How the maps of the views become one entropy. */
  entropy: EntropyOptions;
}

/** How a crop is drawn. */
export interface CropOptions {
  /**
   * Share of the side, or of the area as torchvision draws it.
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
   * Aspect ratios (width / height) of the rule "area".
   * @default [0.75,1.3333333333333333]
   */
  ratio: readonly [number, number];
}

/** The crops that the loop sees. */
export interface ViewOptions {
  /**
   * Fresh crops in every step, or one set for the whole image (fewer encoder passes).
   * @default "perStep"
   */
  fresh: 'perStep' | 'perImage';
  /**
   * Crops in a step.
   * Expects an integer from 1 to 16.
   * @default 2
   */
  count: number;
  /**
   * Timesteps of the loop, both ends included.
   * One is drawn for all views of a step.
   * @default [5,300]
   */
  timesteps: readonly [number, number];
  /** How a crop is drawn. */
  crop: CropOptions;
}

/** ISeg's refinement, which takes the place of eq. 2 in the prediction. */
export interface RefineOptions {
  /**
   * Applications of the self-attention, each map brought to sum 1 between; 0 is eq. 2.
   * Expects an integer from 0 to 100.
   * @default 0
   */
  iterations: number;
  /**
   * How much weak self-attention is lowered first (λ).
   * Self-attention below 1/e of its key's largest is lowered; small values vanish.
   * Expects a number from 0 to 10.
   * @default 0.015
   */
  entropyReduction: number;
}

/** Layers and heads that are read, a research switch. */
export interface LayerOptions {
  /**
   * Cross-attention of the loop.
   * @default "all"
   */
  trainingCross: 'all' | LayerChoice;
  /**
   * Self-attention of the loop.
   * @default "all"
   */
  trainingSelf: 'all' | LayerChoice;
  /**
   * Cross-attention of the prediction.
   * @default "all"
   */
  inferenceCross: 'all' | LayerChoice;
  /**
   * Self-attention of the prediction.
   * @default "all"
   */
  inferenceSelf: 'all' | LayerChoice;
}

/** Which attention maps are read, and how they become one map per category. */
export interface AttentionOptions {
  /**
   * Resolutions that the loop reads; bundle: the model's own.
   * @default "bundle"
   */
  training: ResolutionWeights;
  /**
   * Resolutions of the cross-attention of the prediction.
   * @default "bundle"
   */
  inferenceCross: ResolutionWeights;
  /**
   * Resolutions of the self-attention of the prediction.
   * @default "bundle"
   */
  inferenceSelf: ResolutionWeights;
  /**
   * Side of the frame of refinement and losses; native: the finest training resolution.
   * @default "native"
   */
  frame: 'native' | 'latent' | number;
  /**
   * How the sub-tokens of one name become one map.
   * @default "mean"
   */
  subtokens: 'mean' | 'last' | 'max';
  /**
   * What each resolution is divided by before the sum.
   * Each token's map is divided by nothing, by its range, or by its sum over the points.
   * @default "none"
   */
  crossScale: 'none' | 'min-max' | 'sum';
  /**
   * Applications of the self-attention in eq. 2.
   * Expects an integer from 1 to 16.
   * @default 1
   */
  refineIterations: number;
  /** ISeg's refinement, which takes the place of eq. 2 in the prediction. */
  refine: RefineOptions;
  /** Layers and heads that are read, a research switch. */
  layers: LayerOptions;
}

/** The text around the names. */
export interface PromptOptions {
  /**
   * Prompt around the names, which stand for {}.
   * @default "{}"
   */
  template: string;
  /**
   * Between two names.
   * @default " "
   */
  separator: string;
  /**
   * Factor of the text states of every name but the background's.
   * Expects a number above 0 and of at most 100.
   * @default 1
   */
  wordWeight: number;
  /**
   * Text after each name, for all or by name, where each has a prompt of its own.
   * @default ""
   */
  caption: string | Readonly<Record<string, string>>;
  /**
   * Prompt positions that are learnt.
   * @default "categories"
   */
  trainable: 'categories' | 'all-but-sos' | 'all';
}

/** Everything that no name stands for. */
export interface BackgroundOptions {
  /**
   * Its name, which is appended to the categories.
   * @default "background"
   */
  name: string;
  /**
   * Where it comes from: its own word, the maximum of several, a threshold, or (1 − max)².
   * `word`: its name in the prompt. `words`: several, joined by their maximum. `threshold`: a constant. `complement`: (1 − max)² of the other categories, which is the same as a threshold of (3 − √5)/2 ≈ 0.382.
   * @default "word"
   */
  rule: 'word' | 'words' | 'threshold' | 'complement';
  /**
   * Constant of the rule "threshold".
   * Expects a number from 0 to 1.
   * @default 0.5
   */
  threshold: number;
  /**
   * Words of the rule "words", else context of the prompt.
   * With another rule they follow the prompt, as many as fit.
   * @default "none"
   */
  words: 'none' | 'voc' | 'coco' | readonly string[];
}

/** The pass over the whole image that gives the masks. */
export interface InferenceOptions {
  /**
   * Timestep of the prediction.
   * Expects an integer from 0 to 999.
   * @default 50
   */
  timestep: number;
  /**
   * Add the noise of the timestep; without it the latent is read as it is.
   * @default true
   */
  noise: boolean;
  /**
   * Min-max each map again at the image's size.
   * @default false
   */
  rescale: boolean;
  /**
   * Enlarge the maps and take the maximum, or the other way round.
   * @default "resize-first"
   */
  order: 'resize-first' | 'argmax-first';
}

/** Proposals of DiffSeg. */
export interface DiffSegOptions {
  /**
   * Anchors along a side.
   * Expects an integer from 1 to 16.
   * @default 16
   */
  anchors: number;
  /**
   * Largest distance of maps that are merged (τ).
   * Expects a number above 0.
   * @default 1
   */
  threshold: number;
  /**
   * Rounds of merging, the first around the anchors.
   * Expects an integer from 1 to 10.
   * @default 3
   */
  iterations: number;
}

/** K-means of iSeg over the cross-attention of each point. */
export interface ISegOptions {
  /**
   * Clusters along a side at the start.
   * Expects an integer from 1 to 64.
   * @default 6
   */
  clusters: number;
  /**
   * Iterations of the k-means.
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
   * How the masks are found; each method has defaults of its own.
   * @default "invseg"
   */
  method: MethodName;
  /**
   * Optimisation steps; 0 is the baseline.
   * Expects an integer from 0 to 1000.
   * @default 15
   */
  steps: number;
  /**
   * Seed of crops, timesteps and noise; one seed, one mask.
   * Expects an integer from 0 to 4294967295.
   * @default 0
   */
  seed: number;
  /**
   * Sample the latent instead of its mean.
   * The latent is drawn from the encoder's posterior.
   * @default false
   */
  latentSample: boolean;
  /** Adam's step on the prompt's embeddings. */
  adam: AdamOptions;
  /** What the loop minimises (eq. 3 to 8). */
  loss: LossOptions;
  /** The crops that the loop sees. */
  views: ViewOptions;
  /** Which attention maps are read, and how they become one map per category. */
  attention: AttentionOptions;
  /** The text around the names. */
  prompt: PromptOptions;
  /** Everything that no name stands for. */
  background: BackgroundOptions;
  /** The pass over the whole image that gives the masks. */
  inference: InferenceOptions;
  /** Proposals of DiffSeg. */
  diffseg: DiffSegOptions;
  /** K-means of iSeg over the cross-attention of each point. */
  iseg: ISegOptions;
}

/** What a result brings beside the mask, complete. */
export interface OutputOptions {
  /**
   * Return the refined maps.
   * @default false
   */
  saveMaps: boolean;
  /**
   * Return each point's best category and its value, see `labelsAt`.
   * @default false
   */
  saveStrengths: boolean;
  /**
   * Measure the loss of the learnt prompt on the first step's views, as comparison.
   * Takes the time of one more step.
   * @default false
   */
  compareLoss: boolean;
}

/** Options of `Segmenter.open`, complete. */
export interface EngineOptions {
  /**
   * Bundle, or weights in diffusers layout (default: the small model in the package).
   * @default undefined
   */
  model: string | undefined;
  /**
   * Auto (the first CUDA device, else the CPU), cpu, cuda or cuda:<index>.
   * @default "auto"
   */
  device: string;
  /**
   * Precision: auto (float16 on CUDA, float32 on the CPU), float32, bfloat16 or float16.
   * @default "auto"
   */
  dtype: 'auto' | 'float32' | 'bfloat16' | 'float16';
  /**
   * CPU threads of the engine; 0 is automatic.
   * Expects an integer from 0 to 1024.
   * @default 0
   */
  threads: number;
  /**
   * Read every weight once and refuse NaN and infinity.
   * @default true
   */
  checkFinite: boolean;
  /**
   * Load TorchScript that is not of this package: a program, which may do what its user may.
   * @default false
   */
  trustCode: boolean;
  /**
   * Copy the weights into memory instead of mapping their files: for network disks, and files that others write to.
   * Takes their size more. Files that change after opening then change nothing.
   * @default false
   */
  copyWeights: boolean;
}
