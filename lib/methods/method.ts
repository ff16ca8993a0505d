/**
 * What a method is given and what it gives back. A new method is one file that exports a `Method` and a line in `index.ts`, with its name
 * and its defaults in `options/`; CONTRIBUTING.md says where.
 */
import type { NativeEmbedding, NativeEngine, NativeImage, NativeInversion, NativePrediction } from '../native/index.js';
import type { MethodName, MethodOptions, OutputOptions } from '../options/index.js';
import type { Random } from '../random.js';
import type { PromptSet } from '../text/index.js';
import type { MapSelections } from './selections.js';

/** Losses of one step, before its update. */
export interface StepLoss {
  /** Number of the step, from 1. */
  step: number;
  /** Mean over views of clusterWeight · cluster + alpha · entropy. */
  total: number;
  /** Clustering loss (eq. 8). */
  cluster: number;
  /** Entropy loss. */
  entropy: number;
  /** Mean distance inside a category (eq. 6). */
  intra: number;
  /** Mean distance between categories (eq. 7). */
  inter: number;
  /** Euclidean length of the gradient. */
  gradientNorm: number;
  /** Diffusion timestep of the step's views. */
  timestep: number;
  /** Duration of the step; on a GPU the mean of steps that it was given at once. */
  milliseconds: number;
}

/** Total loss on the first step's views, timestep and noise: of the prompt as written and as learnt. */
export interface LossComparison {
  /** Of the prompt as written. */
  before: number;
  /** Of the prompt as learnt. */
  after: number;
}

/**
 * Looks at a loop from between its steps: at the prompt as written (step 0) and as learnt after each step. It may predict and
 * read maps; the masks stay the same.
 */
export type Observer = (step: number, inversion: NativeInversion, context: MethodContext) => Promise<void>;

export interface MethodContext {
  readonly engine: NativeEngine;
  /** Latent of the whole picture. */
  readonly image: NativeImage;
  readonly embedding: NativeEmbedding;
  readonly prompts: PromptSet;
  readonly selections: MapSelections;
  readonly options: MethodOptions;
  /** What the result brings beside the masks. */
  readonly output: OutputOptions;
  /** For the views; nothing but the method draws from it. */
  readonly random: Random;
  /** Of the prediction, the same for every method and number of steps. */
  readonly inferenceSeed: number;
  /** Size of the picture and so of the labels. */
  readonly width: number;
  readonly height: number;
  /** Keeps a handle until the call ends, however it ends. */
  own<T extends { dispose(): void }>(handle: T): T;
  /** Somebody hears of each step before the next is made. */
  readonly stepwise: boolean;
  /** Called between native calls. @throws {InvSegError} `ABORTED` or `DISPOSED` when the call is to end */
  checkpoint(): void;
  onStep(loss: StepLoss): void;
  /** Awaited by a method that has a loop. */
  readonly observe?: Observer | undefined;
  /** Called before the prediction. */
  onPredict(): void;
}

export interface MethodOutcome {
  prediction: NativePrediction;
  losses: StepLoss[];
  /** `non-finite`: a loss or gradient was not finite, the loop stopped there and the prompt before it was used. */
  status: 'completed' | 'non-finite';
  /** With `compareLoss`, where there were steps. */
  comparison?: LossComparison;
  milliseconds: { inversion: number; prediction: number };
  /** Names of the labels, where they are not those of the prompts. */
  categories?: string[];
}

export interface Method {
  readonly name: MethodName;
  /** One line for `--help`. */
  readonly summary: string;
  /** One sentence of all names, or a prompt for each. */
  readonly prompts: 'together' | 'each';
  readonly needsNames: boolean;
  /** It learns in steps: what `--steps` and `--compare-loss` are for. */
  readonly hasSteps?: true;
  run(context: MethodContext): Promise<MethodOutcome>;
  /**
   * Several images at once, where that is faster than one after the other; of one engine and one set of options. What becomes of each
   * in the order of the contexts: an error of what they do together is that of all, any other that of one image.
   */
  together?(contexts: readonly MethodContext[]): Promise<PromiseSettledResult<MethodOutcome>[]>;
}
