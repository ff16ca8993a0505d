/**
 * Every option of the method, typed. The defaults are in `defaults.ts`, the checks in `rules.ts`; the API, the command line
 * and the report read the same three files.
 */
import type { MethodName } from '../methods/names.js';
import type { LayerChoice } from '../models/index.js';
import type { CrossScale, GradientMode, NativeEntropyOptions, SubtokenRule } from '../native/binding.js';
import type { BackgroundWords } from '../text/background-words.js';

/**
 * Weights of attention resolutions, `{ 16: 1 }` or `{ 16: 0.7, 32: 0.3 }`; `'bundle'` takes the model's own,
 * `'proportional'` all its resolutions, each weighted by its side (64: 8/15, 32: 4/15, 16: 2/15, 8: 1/15 for SD 2.1).
 */
export type ResolutionWeights = 'bundle' | 'proportional' | WeightTable;

/** A share of the latent's side: `latent/4` is 16 for a latent of 64. Those that a model lacks are passed over. */
export type RelativeResolution = 'latent' | `latent/${1 | 2 | 4 | 8 | 16 | 32}`;

export type WeightTable = Readonly<Record<number, number> & { [K in RelativeResolution]?: number }>;

/** Random crops that the loop sees. */
export interface CropOptions {
  /**
   * `side`: a square whose side is a uniform share of the picture's, in [`min`, `max`];
   * `area`: torchvision's `RandomResizedCrop`, a uniform share of the area and a log-uniform aspect in `ratio`.
   */
  rule: 'side' | 'area';
  /** Smallest share, in (0, 1]. */
  min: number;
  /** Largest share, in [`min`, 1]. */
  max: number;
  /** Aspect ratios (width / height) of the rule `area`. */
  ratio: readonly [number, number];
}

/** How the views' maps become one entropy. */
export interface EntropyOptions extends NativeEntropyOptions {
  /** Over the categories, before the entropy: as they are, scaled to sum 1, or softmax. */
  normalise: 'none' | 'l1' | 'softmax';
  /** Mean or sum over the points. */
  reduce: 'mean' | 'sum';
  /** The points that some view covers, or only those that every view covers. */
  region: 'covered' | 'overlap';
}

/** Layers and heads of each kind of map; `'all'` reads every one of the chosen resolutions. */
export interface LayerOptions {
  trainingCross: 'all' | LayerChoice;
  trainingSelf: 'all' | LayerChoice;
  inferenceCross: 'all' | LayerChoice;
  inferenceSelf: 'all' | LayerChoice;
}

/** iSeg's refinement, which takes the place of eq. 2. */
export interface RefineOptions {
  /** Times that the self-attention is applied, each map brought to sum 1 between; 0 is off. */
  iterations: number;
  /** λ of the entropy reduction: self-attention below 1/e of its key's largest is lowered, small values vanish. */
  entropyReduction: number;
}

/** Proposals of DiffSeg. */
export interface DiffSegOptions {
  /** Anchors along a side, 1–16. */
  anchors: number;
  /** τ: maps whose distance is below it are merged. */
  threshold: number;
  /** Rounds: the first collects maps around the anchors, the others merge proposals. */
  iterations: number;
}

/** k-means of iSeg over the cross-attention of each point. */
export interface ISegOptions {
  /** Clusters along a side at the start. */
  clusters: number;
  iterations: number;
}

/** All options that decide the mask, complete. A result and a report carry this object. */
export interface MethodOptions {
  /** How the masks are found; each method has defaults of its own, see `method-defaults.ts`. */
  method: MethodName;
  /** Optimisation steps, 0–1000; 0 is the diffusion baseline. */
  steps: number;
  /** Seed of every random draw (crops, timesteps, noise), an unsigned 32-bit integer. One seed, one mask. */
  seed: number;

  /** Adam's step size, above 0. */
  learningRate: number;
  /** Adam's decay of the first moment, in [0, 1). */
  beta1: number;
  /** Adam's decay of the second moment, in [0, 1). */
  beta2: number;
  /** Adam's guard of the denominator, above 0. */
  adamEps: number;

  /** α, weight of the entropy loss; 0 leaves it out. */
  alpha: number;
  /** Weight of the clustering loss; 0 leaves it out. */
  clusterWeight: number;
  /** Slope of the anchors' sigmoid. */
  anchorScale: number;
  /** Centre of the anchors' sigmoid. */
  anchorCentre: number;
  /** Pairs of eq. 7: `printed` (anchor of the later category, map of the earlier) or the mean of both orders. */
  interPairs: 'printed' | 'symmetric';
  /** What the gradient passes through; `exact` follows every path, the others cut some. */
  gradient: GradientMode;
  entropy: EntropyOptions;

  /** Fresh views in every step, or one set for the whole image (fewer encoder passes). */
  views: 'perStep' | 'perImage';
  /** Views in a step, 1–16. */
  viewCount: number;
  crop: CropOptions;
  /** Timesteps of the loop, both ends included; one is drawn for all views of a step. */
  timestepRange: readonly [number, number];
  /** Timestep of the prediction. */
  inferenceTimestep: number;

  /** Positions of the prompt that are learnt. */
  trainable: 'categories' | 'all-but-sos' | 'all';
  /** How the sub-tokens of one name become one map. */
  subtokens: SubtokenRule;
  /** Resolutions whose self- and cross-attention the loop reads. */
  trainingResolutions: ResolutionWeights;
  /** Resolutions of the cross-attention of the prediction. */
  inferenceCross: ResolutionWeights;
  /** Resolutions of the self-attention of the prediction. */
  inferenceSelf: ResolutionWeights;
  /** Layers and heads that are read; a research switch, see `LayerChoice`. */
  layers: LayerOptions;
  /** Frame of refinement and losses: `native` is the finest training resolution, `latent` the latent's side, or a side. */
  frame: 'native' | 'latent' | number;
  /** How often eq. 2 applies the self-attention, 1–16. */
  refineIterations: number;
  /** iSeg's refinement at inference in place of eq. 2. */
  refine: RefineOptions;
  /** What each token's map of a resolution is divided by before the sum: nothing, its range, or its sum over the points. */
  crossScale: CrossScale;
  /** Add the timestep's noise to the latent before the prediction; without it the latent is read as it is. */
  inferenceNoise: boolean;

  /** Prompt around the names; `{}` stands for the joined names. */
  template: string;
  /** Between two names. */
  separator: string;
  /** Name of everything else; it is appended to the categories. */
  background: string;
  /**
   * Where the background comes from: its own `word` in the prompt; several `words` joined by their maximum; a constant
   * `threshold`; the `complement` (1 − max)² of the other categories, which is the same as a threshold of (3 − √5)/2 ≈ 0.382.
   */
  backgroundRule: 'word' | 'words' | 'threshold' | 'complement';
  /** Constant of the rule `threshold`, in [0, 1]. */
  backgroundThreshold: number;
  /** Words of the rule `words`; with another rule they only follow the prompt, as many as fit. */
  backgroundWords: BackgroundWords;
  /** Factor of the text states of every name but the background's. */
  wordWeight: number;
  /** Text after the name, where each name has a prompt of its own: the rest of a caption, for all or by name. */
  caption: string | Readonly<Record<string, string>>;
  diffseg: DiffSegOptions;
  iseg: ISegOptions;
  /** Min-max each map once more, over the picture's own points. */
  rescale: boolean;
  /** `resize-first`: maps are enlarged bilinearly, then argmax; `argmax-first`: argmax, then nearest. */
  order: 'resize-first' | 'argmax-first';
  /** Draw the latent from the encoder's posterior instead of taking its mean. */
  latentSample: boolean;
  /** Return the refined maps with the result. */
  saveMaps: boolean;
  /** Return each point's best category and its value with the result, see `labelsAt`. */
  saveStrengths: boolean;
  /** After the prediction, measure the loss of the learnt prompt on the first step's views (one more step's time). */
  compareLoss: boolean;
}

type Group = CropOptions | EntropyOptions | LayerOptions | RefineOptions | DiffSegOptions | ISegOptions;

/** Options as a caller gives them: all optional, nested ones in part. */
export type MethodOverrides = {
  -readonly [K in keyof MethodOptions]?:
    | (MethodOptions[K] extends Group ? Partial<MethodOptions[K]> : MethodOptions[K])
    | undefined;
} & {
  /** Named set of options that stands below the others given here. */
  preset?: string | undefined;
};

/** Defaults that a model brings for a method; they stand above the method's own. */
export type ModelMethods = { readonly [K in MethodName]?: Omit<MethodOverrides, 'method' | 'preset' | 'seed'> };

/** Options of `Segmenter.open`, complete. */
export interface EngineOptions {
  /** Folder of a bundle, or of weights in diffusers layout; undefined is the model in the package. */
  model: string | undefined;
  /** `auto`, `cpu`, `cuda` or `cuda:<index>`. */
  device: string;
  /** `auto` is float16 on CUDA and float32 on the CPU. */
  dtype: 'auto' | 'float32' | 'bfloat16' | 'float16';
  /** Threads of the engine, 0–1024; 0 leaves LibTorch's choice. */
  threads: number;
  /** Read every weight once and refuse NaN and infinity. */
  checkFinite: boolean;
  /** Load TorchScript that is not this package's: a program, which may do what its user may. */
  trustCode: boolean;
  /**
   * Read the weights into memory (their size more) instead of mapping their files: for network disks, and for files that
   * others may write to. Files that change after opening then change nothing.
   */
  copyWeights: boolean;
}
