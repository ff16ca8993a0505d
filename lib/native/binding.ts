/**
 * The typed surface of the native addon: what `native/addon` registers, nothing more.
 *
 * The addon trusts its one caller (this library) and still checks every shape. All arrays are row-major. Every promise
 * rejects with an `Error` that has a stable `code`; `lib/native/load.ts` turns it into an `InvSegError`.
 */

/** One tensor inside a safetensors file, already checked against the file's header and length. */
export interface TensorSource {
  name: string;
  file: string;
  dtype: 'F32' | 'F16' | 'BF16';
  shape: number[];
  /** Absolute byte range in the file. */
  begin: number;
  end: number;
}

export interface NativeModule {
  /** Path of the weightless TorchScript; where `code` is given, its name in messages. */
  script: string;
  /** Bytes of the TorchScript; the file is not read. */
  code?: Uint8Array | undefined;
  weights: TensorSource[];
}

export interface NativeEngineConfig {
  textEncoder: NativeModule;
  vaeEncoder: NativeModule;
  unet: NativeModule;
  /** `cpu`, `cuda`, `cuda:1`; `auto` takes the first CUDA device where there is one. */
  device: string;
  /** `auto` is float16 on CUDA and float32 on the CPU. */
  dtype: 'auto' | 'float32' | 'bfloat16' | 'float16';
  /** Intra-op threads of the engine's own thread; 0 leaves LibTorch's choice. */
  threads: number;
  /** Read every weight once and refuse NaN and infinity (code `WEIGHTS_NOT_FINITE`). */
  checkFinite: boolean;
  /** Read the weights into memory instead of mapping their files. */
  copyWeights?: boolean | undefined;
  /** Side of the square picture that the VAE encoder sees. */
  imageSize: number;
  /** Side of its latent; also the canonical frame H = W. */
  latentSize: number;
  latentChannels: number;
  latentScale: number;
  /** Prompt positions, K. */
  promptLength: number;
  contextWidth: number;
  /** Width of the timestep sinusoids (first U-Net width). */
  timeWidth: number;
  /** Attention layers in the order they run. */
  layers: { name: string; level: number; heads: number }[];
  /** Scaled-linear betas: linspace(√start, √end, steps)². */
  schedule: { steps: number; betaStart: number; betaEnd: number };
}

/** Which maps are read and how they are combined; L layers, `heads` the largest head count of any layer. */
export interface NativeMapSelection {
  /** [L] 1 where the layer's self-attention map is read. */
  selfLayers: Uint8Array;
  /** [L] 1 where the layer's cross-attention map is read. */
  crossLayers: Uint8Array;
  /** [L × heads] weights; the sum over one level's read layers and heads is 1. */
  selfHeads: Float32Array;
  crossHeads: Float32Array;
  /** [levels] weights of the resolutions; they are used as given, 0 where nothing is read. */
  selfWeights: Float32Array;
  crossWeights: Float32Array;
  /** What is done to every resolution's cross maps before the weighted sum. */
  crossScale: CrossScale;
}

/** `min-max` each token's enlarged map (DiffSegmenter); `sum`: over its sum over the points, before enlarging (iSeg). */
export type CrossScale = 'none' | 'min-max' | 'sum';

export type GradientMode = 'exact' | 'distance-constant' | 'self-constant' | 'keys-only';
export type SubtokenRule = 'mean' | 'last' | 'max';

export interface NativeEntropyOptions {
  normalise: 'none' | 'l1' | 'softmax';
  reduce: 'mean' | 'sum';
  region: 'covered' | 'overlap';
}

export interface NativeInversionOptions {
  /** [S × 3] prompt index, first sub-token position, number of sub-tokens. */
  spans: Int32Array;
  /** [S] category of each span; spans of one category are joined by their maximum. Left out: each is its own. */
  groups?: Int32Array;
  subtokens: SubtokenRule;
  training: NativeMapSelection;
  /** Side of the frame that refinement, losses and view mapping use. */
  frame: number;
  gradient: GradientMode;
  refineIterations: number;
  anchorScale: number;
  anchorCentre: number;
  /** `printed`: anchor of the later category, map of the earlier (eq. 7); `symmetric`: mean of both orders. */
  interPairs: 'printed' | 'symmetric';
  /** Weight of L_cluster (1; 0 for the entropy-only ablation). */
  clusterWeight: number;
  /** α, weight of the entropy loss. */
  alpha: number;
  entropy: NativeEntropyOptions;
  /** [prompts × K] 1 where the embedding may change. */
  trainable: Uint8Array;
  learningRate: number;
  beta1: number;
  beta2: number;
  adamEps: number;
}

export interface NativeStep {
  /** [V × 4] top, left, height, width of each view's crop as fractions of the picture; empty reuses the last views. */
  boxes: Float32Array;
  /** [V] raw timesteps. */
  timesteps: Int32Array;
  /** Seed of this step's noise (CPU generator). */
  noiseSeed: number;
}

export interface NativeStepResult {
  /** mean over views of L_cluster · clusterWeight + α · L_entropy */
  loss: number;
  cluster: number;
  entropy: number;
  intra: number;
  inter: number;
  gradientNorm: number;
  /** False: the loss or a gradient was not finite and the embedding was left as it was. */
  finite: boolean;
  milliseconds: number;
}

/** `word`: one of the categories; `threshold`: where none reaches a constant; `complement`: where (1 − max)² exceeds the maximum. */
export type NativeBackgroundRule = 'word' | 'threshold' | 'complement';

/** How maps become labels. */
export interface NativeLabelOptions {
  width: number;
  height: number;
  /** `resize-first`: maps are enlarged bilinearly, then argmax; `argmax-first`: argmax, then nearest. */
  order: 'resize-first' | 'argmax-first';
  /** With a rule other than `word` (the default) the label after the last category is the background's. */
  background?: NativeBackgroundRule;
  /** Of the rule `threshold`, in [0, 1]. */
  threshold?: number;
  /** Min-max each category once more, over the picture's own points. */
  rescale?: boolean;
  /** Return the maps as well. */
  maps: boolean;
  /** Return the best category and its value for each point, so that a threshold can change afterwards. */
  strengths?: boolean;
}

/** iSeg's refinement in place of eq. 2; 0 iterations: eq. 2. */
export interface NativeRefinement {
  iterations: number;
  /** λ of the entropy reduction, at least 0. */
  entropyReduction: number;
}

export interface NativePredictOptions extends NativeLabelOptions {
  selection: NativeMapSelection;
  timestep: number;
  /** null: no noise is added. */
  noiseSeed: number | null;
  refineIterations: number;
  refine?: NativeRefinement;
}

/** C counts the background, whatever its rule. */
export interface NativePrediction {
  /** [height × width] category index. */
  labels: Uint8Array;
  /** [C] pixels of each category. */
  areas: Float64Array;
  /** [C] mean of the category's map over its own pixels, in [0, 1]; 0 where it has none. */
  scores: Float32Array;
  /** [categories with maps × frame × frame] refined maps in [0, 1], frame = latentSize, or null. */
  maps: Float32Array | null;
  /** With `strengths`: [height × width] best category before the background's rule, and its value. */
  foreground: Uint8Array | null;
  strengths: Float32Array | null;
  milliseconds: number;
}

/** Raw maps of one pass: `null` where a level is not read. */
export interface NativeRawMaps {
  self: (Float32Array | null)[];
  cross: (Float32Array | null)[];
}

export interface NativeEngine {
  readonly device: string;
  readonly dtype: string;
  readonly deviceName: string;
  /** ids [prompts × K] → text states. */
  encodeText(ids: Int32Array, prompts: number): Promise<NativeEmbedding>;
  /** RGB bytes [height × width × 3] → latent of the whole picture. `sample` draws from the posterior, else its mean. */
  encodeImage(rgb: Uint8Array, width: number, height: number, sample: boolean, seed: number): Promise<NativeImage>;
  createInversion(
    image: NativeImage,
    embedding: NativeEmbedding,
    options: NativeInversionOptions,
  ): Promise<NativeInversion>;
  /**
   * The next planned steps of several images in one pass, each with its own loss and update; of one engine, one set of options and
   * one number of views. In the order of the inversions; steps as `NativeInversion.next` gives them. `milliseconds` is the whole
   * pass's, not an image's share.
   */
  nextTogether(inversions: NativeInversion[], most: number): Promise<NativeStepResult[][]>;
  /** One pass over the whole picture; the maps of each level before any aggregation (tests, research). */
  readMaps(
    image: NativeImage,
    embedding: NativeEmbedding,
    selection: NativeMapSelection,
    timestep: number,
    noiseSeed: number | null,
  ): Promise<NativeRawMaps>;
  /** The same pass, aggregated in one frame; the maps stay on the device. null: nothing of the kind is read. */
  attend(
    image: NativeImage,
    embedding: NativeEmbedding,
    options: NativeAttendOptions,
  ): Promise<{ self: NativeMaps | null; cross: NativeMaps | null }>;
  /** Columns of several maps side by side. */
  join(maps: NativeMaps[]): Promise<NativeMaps>;
  /** Frees the models after the running job; later calls reject with `DISPOSED`. */
  dispose(): Promise<void>;
}

export interface NativeEmbedding {
  /** [prompts × K × width] */
  read(): Promise<Float32Array>;
  /** factors [prompts × K]; a new embedding, each position times its factor. */
  scale(factors: Float32Array): Promise<NativeEmbedding>;
  dispose(): void;
}

export interface NativeAttendOptions {
  selection: NativeMapSelection;
  timestep: number;
  /** null: no noise is added. */
  noiseSeed: number | null;
  /** One prompt of the embedding; null: all, self-attention is their mean. */
  prompt: number | null;
  /** Side of the frame; default: the latent's. */
  frame?: number;
}

export interface NativeProposalOptions {
  /** Anchors along a side, 1–16. */
  anchors: number;
  /** τ, of (KL(p‖q) + KL(q‖p)) / 2. */
  threshold: number;
  /** The first collects maps around the anchors, the others merge what is alike. */
  iterations: number;
}

/** Attention maps [batch × points × columns] on the device. Every operation makes new maps; the caller disposes of all. */
export interface NativeMaps {
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
  /** Cross-attention [P × N × K] → [1 × N × S]; spans [S × 3] as in `NativeInversionOptions`. */
  categories(spans: Int32Array, subtokens: SubtokenRule): Promise<NativeMaps>;
  /** [B × N × S] → [B × N × C], the maximum over each group. groups [S] */
  merge(groups: Int32Array): Promise<NativeMaps>;
  /** k-means over the points' vectors; each point then has its cluster's mean. */
  clusterMeans(grid: number, iterations: number): Promise<NativeMaps>;
  /** Of self-attention: iSeg's entropy reduction. */
  reduceEntropy(strength: number): Promise<NativeMaps>;
  /** Of self-attention: A^iterations · maps; `unitSum`: each time less the minimum, over the sum, and once before. */
  refine(maps: NativeMaps, iterations: number, unitSum: boolean): Promise<NativeMaps>;
  /** Each column to [0, 1]. */
  minMax(): Promise<NativeMaps>;
  /** Of self-attention [1 × N × N]: DiffSeg's proposals [1 × N × M]. */
  proposals(options: NativeProposalOptions): Promise<NativeMaps>;
  /** Of category maps [1 × N × C]. */
  label(options: NativeLabelOptions): Promise<NativePrediction>;
  /** Of proposals: segments numbered by area, or each with the category that most of its pixels have in `categories`. */
  labelSegments(categories: NativeMaps | null, options: NativeLabelOptions): Promise<NativePrediction>;
  dispose(): void;
}

export interface NativeImage {
  readonly width: number;
  readonly height: number;
  /** [latentChannels × latentSize × latentSize], scaled */
  latent(): Promise<Float32Array>;
  dispose(): void;
}

/** An Adam loop on one image's prompt. */
export interface NativeInversion {
  /** Replaces the steps that are still to come. A GPU encodes the views of the first of them now, many at once: milliseconds. */
  plan(steps: NativeStep[]): Promise<number>;
  /**
   * The next planned steps: at least one, at most `most`. A CPU makes one; a GPU is given those whose views are encoded, at
   * most 32 of all images together, and is waited for once. After a step that is not finite comes no other.
   * `milliseconds` is the mean of those made together.
   */
  next(most: number): Promise<NativeStepResult[]>;
  /** Plans one step and makes it. */
  step(step: NativeStep): Promise<NativeStepResult>;
  predict(options: NativePredictOptions): Promise<NativePrediction>;
  /** [prompts × K × width] the embedding as learnt so far. */
  embedding(): Promise<Float32Array>;
  dispose(): void;
}

/** How a model wants its picture. */
export interface NativePictureConfig {
  /** Side of the square that the model sees. */
  size: number;
  /** The middle square, the shorter side resized to `size`; else the whole picture is squeezed into it. */
  crop: boolean;
  /** [3] (x / 255 − mean) / deviation of each channel. */
  mean: Float32Array;
  deviation: Float32Array;
}

/** CLIP (`contrastive`) and BLIP (`captioner`); a model that is null is not loaded. */
export interface NativeVisionLanguageConfig {
  contrastive: {
    imageEncoder: NativeModule;
    textEncoder: NativeModule;
    picture: NativePictureConfig;
    length: number;
  } | null;
  captioner: {
    visionEncoder: NativeModule;
    textDecoder: NativeModule;
    picture: NativePictureConfig;
    /** Positions of a text. */
    length: number;
    /** Id of the token that ends a caption. */
    end: number;
  } | null;
  device: string;
  dtype: NativeEngineConfig['dtype'];
  threads: number;
  checkFinite: boolean;
  copyWeights?: boolean | undefined;
}

/** Texts are ids [texts × length] with the position of each end token, [texts]. */
export interface NativeVisionLanguage {
  readonly device: string;
  readonly dtype: string;
  readonly deviceName: string;
  /** [projection] of length 1 */
  imageEmbedding(rgb: Uint8Array, width: number, height: number): Promise<Float32Array>;
  /** [1 + patches × width] of CLIP before the last LayerNorm, of BLIP after it (tests, research). */
  imageStates(
    model: 'contrastive' | 'captioner',
    rgb: Uint8Array,
    width: number,
    height: number,
  ): Promise<Float32Array>;
  /** [texts × projection], each of length 1 */
  textEmbeddings(ids: Int32Array, ends: Int32Array, length: number): Promise<Float32Array>;
  /** [texts × length × width] after the last LayerNorm (tests, research). */
  textStates(ids: Int32Array, ends: Int32Array, length: number): Promise<Float32Array>;
  /** [texts × width] mean of the states between start and end token */
  wordStates(ids: Int32Array, ends: Int32Array, length: number): Promise<Float32Array>;
  /**
   * prompts: ids of each with the start token. Beam search over at most `maxLength` tokens with the prompt's; the result
   * has them all, its score is the sum of log probabilities over the number of new tokens.
   */
  captions(
    rgb: Uint8Array,
    width: number,
    height: number,
    prompts: Int32Array[],
    beams: number,
    maxLength: number,
  ): Promise<{ tokens: Int32Array; score: number }[]>;
  /** Frees the models after the running job; later calls reject with `DISPOSED`. */
  dispose(): Promise<void>;
}

export interface NativeBinding {
  info(): { torch: string; cudaBuild: boolean; cudaDevices: number; threads: number };
  /** Live tensors and bytes that handles of this environment own. */
  probe(): { handles: number; bytes: number };
  openEngine(config: NativeEngineConfig): Promise<NativeEngine>;
  openVisionLanguage(config: NativeVisionLanguageConfig): Promise<NativeVisionLanguage>;
  /** RGB bytes → [3 × size × size], as CLIP's and BLIP's image processors make them. */
  picturePixels(rgb: Uint8Array, width: number, height: number, picture: NativePictureConfig): Float32Array;

  /**
   * maps: one entry a resolution, [side² × keys_side² or K]; returns [size² × size²] (self) or [size² × K] (cross).
   * With `upstream` (same shape as the value) also the gradients of Σ upstream · value.
   */
  aggregateAttention(
    kind: 'self' | 'cross',
    maps: Float32Array[],
    sides: Int32Array,
    weights: Float32Array,
    size: number,
    minMax: boolean,
    upstream: Float32Array | null,
  ): { value: Float32Array; gradients: Float32Array[] | null };
  /** self [N × N], cross [N × C] → maps [N × C]; with `upstream` [N × C] also both gradients. */
  refineAttention(
    self: Float32Array,
    cross: Float32Array,
    points: number,
    categories: number,
    iterations: number,
    upstream: Float32Array | null,
  ): { value: Float32Array; selfGradient: Float32Array | null; crossGradient: Float32Array | null };
  clusterLoss(
    self: Float32Array,
    maps: Float32Array,
    points: number,
    categories: number,
    anchorScale: number,
    anchorCentre: number,
    interPairs: 'printed' | 'symmetric',
    distanceConstant: boolean,
  ): { loss: number; intra: number; inter: number; selfGradient: Float32Array; mapsGradient: Float32Array };
  /** maps [V × N × C], coverage [V × N] in {0, 1}. */
  entropyLoss(
    maps: Float32Array,
    coverage: Float32Array,
    views: number,
    points: number,
    categories: number,
    options: NativeEntropyOptions,
  ): { loss: number; gradient: Float32Array };
  /** One Adam update; `step` counts from 1. */
  adamStep(
    parameter: Float32Array,
    gradient: Float32Array,
    firstMoment: Float32Array,
    secondMoment: Float32Array,
    step: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    eps: number,
  ): { parameter: Float32Array; firstMoment: Float32Array; secondMoment: Float32Array };
}
