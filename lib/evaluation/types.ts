/** What the journal of an evaluation holds, and what the evaluation answers. */
import type { ErrorCode } from '../errors.js';
import type { JournalRecord } from '../journal/index.js';
import type { MethodOptions } from '../options/index.js';
import type { AbsentRule, PixelCounts } from '../scores/index.js';
import type { Segmenter } from '../segmenter/index.js';

/** What is asked of a model: `Segmenter`, or anything that answers like one; `segmentAll` only where `batch` is above 1. */
export type Evaluated = Pick<Segmenter, 'info' | 'segment'> & Partial<Pick<Segmenter, 'identity' | 'segmentAll'>>;

/** Everything that decides the counts: the first line of the journal. */
export interface RunSettings extends JournalRecord {
  /** Of the journal. */
  readonly format: 'invseg-run/3';
  /** Of this package. */
  readonly version: string;
  /** Name and version. */
  readonly model: string;
  /** SHA-256 of the weights; null where nobody said what the model is made of, as in the next three. */
  readonly weights: string | null;
  /** SHA-256 of what the manifest says. */
  readonly manifest: string | null;
  /** SHA-256 of the TorchScript. */
  readonly code: string | null;
  /** SHA-256 of the tokenizer's files. */
  readonly tokenizer: string | null;
  /** `cpu` or `cuda`: their sums round differently. */
  readonly device: string;
  /** Precision of the weights. */
  readonly dtype: string;
  /** Kind of the data set. */
  readonly dataset: string;
  /** Name of the list; null where all images are taken. */
  readonly split: string | null;
  /** Which masks, how many classes, what is ignored; in words. */
  readonly protocol: string;
  /** Names in label order, the background first where it is a class. */
  readonly classes: readonly string[];
  /** False where the background is ignored. */
  readonly hasBackground: boolean;
  /** Images of the whole evaluation, its other shards included. */
  readonly pictures: number;
  /** SHA-256 of the list of their ids. */
  readonly list: string;
  /** Images drawn from the data set; null for all. */
  readonly sample: number | null;
  /** Of the draw; 0 where none is made. */
  readonly seed: number;
  /** `index/count`; null for the whole. */
  readonly shard: string | null;
  /** Description of the source of names. */
  readonly names: string;
  /** Every option of the method. */
  readonly options: MethodOptions & { readonly [key: string]: unknown };
  /** Lines of the list that are no image of their own, where they are left out. */
  readonly unlisted: readonly Skip[];
}

/** An image that was left out; the message names files below the root. */
export interface Skip {
  /** As the list has it. */
  id: string;
  /** Of the error. */
  code: ErrorCode;
  /** Of the error. */
  message: string;
}

/** One image in the journal. */
export interface PictureRecord extends JournalRecord, PixelCounts {
  /** As the list has it. */
  readonly id: string;
  /** Place in the whole evaluation's list, from 0. */
  readonly place: number;
  /** Digest of the mask that it was compared with. */
  readonly mask: string;
  /** Labels that were asked for, without the background. */
  readonly names: readonly number[];
  /** Reading image and mask, finding the names, and the parts of the segmenter's call, in milliseconds. */
  readonly milliseconds: Readonly<Record<'load' | 'names' | 'encode' | 'inversion' | 'predict' | 'segment', number>>;
  /** [total, cluster, entropy] of each step. */
  readonly losses: readonly (readonly [number, number, number])[];
  /** Of decoding, names and segmentation. */
  readonly warnings: readonly string[];
}

export interface SkipRecord extends JournalRecord {
  readonly id: string;
  readonly place: number;
  readonly skipped: { readonly code: ErrorCode; readonly message: string };
}

export type RunRecord = PictureRecord | SkipRecord;

export const isSkip = (record: RunRecord): record is SkipRecord => 'skipped' in record;

/** What an evaluation found; `report.json` holds it. Fractions are in [0, 1]; null where nothing can be said. */
export interface Evaluation {
  /** Of this object. */
  format: 'invseg-evaluation/1';
  /** Mean over classes of intersection over union. */
  mIoU: number | null;
  /** Mean over classes of the share of the class's pixels that were found. */
  mAcc: number | null;
  /** Share of all labelled pixels that are right. */
  aAcc: number | null;
  /** 95 % interval of the mIoU over resampled images. */
  mIoU95: [number | null, number | null];
  /** How classes without a pixel count in the means. */
  absent: AbsentRule;
  /** In label order. */
  perClass: ClassResult[];
  /** Pixels, [truth][predicted]. */
  confusion: number[][];
  /** Which masks, how many classes, what is ignored; in words. */
  protocol: string;
  /** What decided the counts. */
  settings: RunSettings;
  /** Numbers of images. */
  pictures: {
    /** Of the whole evaluation. */
    total: number;
    /** Counted. */
    evaluated: number;
    /** Left out. */
    skipped: number;
    /** Of those left out: not known to the source of names. */
    withoutNames: number;
    /** Where no class was named, so that the engine was not asked. */
    unnamed: number;
  };
  /** Images that were left out. */
  skipped: Skip[];
  /** Each warning once, with how many images have it. */
  warnings: {
    /** Its text. */
    message: string;
    /** Images that have it. */
    pictures: number;
    /** Id of one of them. */
    example: string;
  }[];
  /** Mean over images, milliseconds. */
  milliseconds: PictureRecord['milliseconds'];
  /** Means over the images that took the step, [steps]. */
  losses: {
    /** That took the step. */
    pictures: number;
    /** clusterWeight · cluster + alpha · entropy */
    total: number;
    /** Clustering loss (eq. 8). */
    cluster: number;
    /** Entropy loss. */
    entropy: number;
  }[];
  /** The lowest mean IoU over an image's own classes, the lowest first. */
  worst: PictureResult[];
  /** The highest mean IoU over an image's own classes, the highest first. */
  best: PictureResult[];
}

/** Figures of one class over all images. */
export interface ClassResult {
  /** As the data set spells it. */
  name: string;
  /** Intersection over union in [0, 1]; null where the class has no pixel. */
  iou: number | null;
  /** Share of its labelled pixels that were found, in [0, 1]; null where there are none. */
  accuracy: number | null;
  /** Pixels labelled and predicted as the class. */
  hit: number;
  /** Pixels labelled as the class. */
  truth: number;
  /** Pixels predicted as the class, where the truth is a class. */
  predicted: number;
  /** Labelled pixels to which no class was given; 0 where the background is a class. */
  unassigned: number;
  /** Images whose truth shows the class. */
  pictures: number;
}

/** Figures of one image. */
export interface PictureResult {
  /** As the list has it. */
  id: string;
  /** Mean over the image's own classes, in [0, 1]. */
  mIoU: number | null;
  /** Share of its labelled pixels that are right, in [0, 1]. */
  aAcc: number | null;
}
