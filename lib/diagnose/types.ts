/** What `diagnose` is asked and what it answers. */
import type { Dataset } from '../datasets/index.js';
import type { ModelIdentity } from '../models/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { Estimate } from '../scores/index.js';
import type { SegmenterInfo } from '../segmenter/index.js';
import type { CandidateName } from './candidates.js';
import type { Task } from './plan.js';
import type { CandidateLoss } from './probe.js';
import type { Variant } from './variants.js';

/** What `diagnose` takes. */
export interface DiagnoseOptions {
  /** Images and masks; the background must be a class. */
  dataset: Dataset;
  /** Images drawn from the data set; default 100. */
  sample?: number | undefined;
  /** Of the draw and of every run; default 0. */
  seed?: number | undefined;
  /** Default `defaultVariants`. */
  variants?: readonly Variant[] | undefined;
  /** Options under all variants. */
  options?: MethodOverrides | undefined;
  /** Run the loop of every variant and score its masks (default), or look at the losses alone. */
  inversion?: boolean | undefined;
  /** File that keeps every result; a second call goes on from it, and may ask for more images or variants. */
  journal?: string | undefined;
  /** What the model is made of, see `modelIdentity`; a journal of another one is refused. */
  identity?: ModelIdentity | undefined;
  /** Ends the call with the code `ABORTED`; what was found is in the journal. */
  signal?: AbortSignal | undefined;
  /** Called before each piece of work. */
  onProgress?: ((progress: DiagnoseProgress) => void) | undefined;
}

/** Where a diagnosis is. */
export interface DiagnoseProgress {
  /** Pieces of work. */
  done: number;
  /** Pieces of work. */
  total: number;
  /** Image that comes next. */
  id: string;
  /** Variant that comes next. */
  variant: string;
  /** Kind of work that comes next: losses, the loop, or the same without the loop. */
  part: Task['part'];
}

/** What one variant does; intervals are of 95 %, over images. */
export interface VariantFinding {
  /** Of the variant. */
  name: string;
  /** What it changes. */
  overrides: MethodOverrides;
  /** Absent where an earlier variant has the same loss. */
  loss?: {
    /** Share of images whose truth (one category per point) has a lower loss than the hard prediction. */
    truthBelowHard: Estimate;
    /** Share of images whose refined truth has a lower loss than the soft prediction. */
    truthBelowSoft: Estimate;
    /** Share of images whose truth has a lower loss than the same moved by a quarter of the side. */
    truthBelowShifted: Estimate;
    /** Mean cosine of the loss's descent direction and the way from the prediction to the refined truth. */
    direction: Estimate;
  };
  /** What the loop does to the masks; mIoU in [0, 1] over the classes that occur. */
  masks?: {
    /** Same options without the loop. */
    baseline: number;
    /** With the loop. */
    mIoU: Estimate;
    /** With minus without the loop, paired by image. */
    difference: Estimate;
    /** Mean fall of the loss on the first step's views. */
    fall: Estimate;
    /** Spearman's correlation over images of the loss's fall and the gain in the image's own mean IoU. */
    correlation: Estimate;
  };
}

/** What `diagnose` found. */
export interface Diagnosis {
  /** What was looked at. */
  model: SegmenterInfo['model'];
  /** Which masks, how many classes, what is ignored; in words. */
  protocol: string;
  /** Images of the sample. */
  ids: string[];
  /** Images of the sample that nothing could be asked of. */
  left: {
    /** As the list has it. */
    id: string;
    /** In words. */
    reason: string;
  }[];
  /** Mean losses of the first variant, by candidate. */
  losses: Record<CandidateName, CandidateLoss>;
  /** Mean entropy of the rows of self-attention over log N, by side: 1 is flat. */
  rowEntropy: Record<number, Estimate>;
  /** In the order asked for. */
  variants: VariantFinding[];
}
