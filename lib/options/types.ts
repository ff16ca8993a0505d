/**
 * Every option of the method, typed. The defaults are in `defaults.ts`, the checks in `rules.ts`; the API, the command line
 * and the report read the same three files.
 */
import type { MethodName } from '../methods/names.js';
import type { LayerChoice } from '../models/index.js';
import type { GradientMode, NativeEntropyOptions, SubtokenRule } from '../native/binding.js';

/**
 * Weights of attention resolutions, `{ 16: 1 }` or `{ 16: 0.7, 32: 0.3 }`; `'bundle'` takes the model's own,
 * `'proportional'` all its resolutions, each weighted by its side (64: 8/15, 32: 4/15, 16: 2/15, 8: 1/15 for SD 2.1).
 */
export type ResolutionWeights = 'bundle' | 'proportional' | Readonly<Record<number, number>>;

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

/** All options that decide the mask, complete. A result and a report carry this object. */
export interface MethodOptions {
  /** `invseg` learns the prompt first; `baseline` predicts with the prompt as written. */
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
  /** Min-max every resolution's cross-attention before they are summed. */
  crossMinMax: boolean;

  /** Prompt around the names; `{}` stands for the joined names. */
  template: string;
  /** Between two names. */
  separator: string;
  /** Name of everything else; it is appended to the categories. */
  background: string;
  /** `resize-first`: maps are enlarged bilinearly, then argmax; `argmax-first`: argmax, then nearest. */
  order: 'resize-first' | 'argmax-first';
  /** Draw the latent from the encoder's posterior instead of taking its mean. */
  latentSample: boolean;
  /** Return the refined maps with the result. */
  saveMaps: boolean;
  /** After the prediction, measure the loss of the learnt prompt on the first step's views (one more step's time). */
  compareLoss: boolean;
}

/** Options as a caller gives them: all optional, nested ones in part. */
export type MethodOverrides = {
  -readonly [K in keyof MethodOptions]?:
    | (MethodOptions[K] extends CropOptions | EntropyOptions | LayerOptions ? Partial<MethodOptions[K]> : MethodOptions[K])
    | undefined;
} & {
  /** Named set of options that stands below the others given here. */
  preset?: string | undefined;
};

/** Options of `Segmenter.open`, complete. */
export interface EngineOptions {
  /** Folder of a bundle, or of weights in diffusers layout; undefined is the model in the package. */
  model: string | undefined;
  /** `auto`, `cpu`, `cuda` or `cuda:<index>`. */
  device: string;
  /** `auto` is bfloat16 on CUDA and float32 on the CPU. */
  dtype: 'auto' | 'float32' | 'bfloat16' | 'float16';
  /** Threads of the engine, 0–1024; 0 leaves LibTorch's choice. */
  threads: number;
  /** Read every weight once and refuse NaN and infinity. */
  checkFinite: boolean;
}
