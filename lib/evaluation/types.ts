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
  readonly format: 'invseg-run/3';
  readonly version: string;
  readonly model: string;
  /** SHA-256 of the model's parts. */
  readonly weights: string | null;
  readonly manifest: string | null;
  readonly code: string | null;
  readonly tokenizer: string | null;
  /** `cpu` or `cuda`: their sums round differently. */
  readonly device: string;
  readonly dtype: string;
  readonly dataset: string;
  readonly split: string | null;
  readonly protocol: string;
  readonly classes: readonly string[];
  readonly hasBackground: boolean;
  /** Pictures of the whole evaluation, its other shards included, and the hash of their list. */
  readonly pictures: number;
  readonly list: string;
  readonly sample: number | null;
  readonly seed: number;
  readonly shard: string | null;
  readonly names: string;
  readonly options: MethodOptions & { readonly [key: string]: unknown };
  /** Lines of the list that are no picture of their own, where they are left out. */
  readonly unlisted: readonly Skip[];
}

/** A picture that was left out; the message names files below the root. */
export interface Skip {
  id: string;
  code: ErrorCode;
  message: string;
}

/** One picture in the journal. */
export interface PictureRecord extends JournalRecord, PixelCounts {
  readonly id: string;
  /** Place in the whole evaluation's list, from 0. */
  readonly place: number;
  /** Digest of the mask that it was compared with. */
  readonly mask: string;
  /** Labels that were asked for, without the background. */
  readonly names: readonly number[];
  /** Milliseconds: reading picture and mask, finding the names, and the parts of the segmenter's call. */
  readonly milliseconds: Readonly<Record<'load' | 'names' | 'encode' | 'inversion' | 'predict' | 'segment', number>>;
  /** [total, cluster, entropy] of each step. */
  readonly losses: readonly (readonly [number, number, number])[];
  readonly warnings: readonly string[];
}

export interface SkipRecord extends JournalRecord {
  readonly id: string;
  readonly place: number;
  readonly skipped: { readonly code: ErrorCode; readonly message: string };
}

export type RunRecord = PictureRecord | SkipRecord;

export const isSkip = (record: RunRecord): record is SkipRecord => 'skipped' in record;

/** `report.json`. Fractions are in [0, 1]; null where nothing can be said. */
export interface Evaluation {
  format: 'invseg-evaluation/1';
  mIoU: number | null;
  mAcc: number | null;
  aAcc: number | null;
  /** 95 % interval of the mIoU over resampled pictures. */
  mIoU95: [number | null, number | null];
  absent: AbsentRule;
  perClass: ClassResult[];
  /** [truth][predicted] pixels. */
  confusion: number[][];
  protocol: string;
  settings: RunSettings;
  pictures: {
    /** Of the whole evaluation. */
    total: number;
    evaluated: number;
    skipped: number;
    /** Of those left out: not known to the source of names. */
    withoutNames: number;
    /** Where no class was named, so that the engine was not asked. */
    unnamed: number;
  };
  skipped: Skip[];
  warnings: { message: string; pictures: number; example: string }[];
  /** Mean over pictures, milliseconds. */
  milliseconds: PictureRecord['milliseconds'];
  /** Means over the pictures that took the step, [steps]. */
  losses: { pictures: number; total: number; cluster: number; entropy: number }[];
  /** The lowest and the highest mean IoU over a picture's own classes. */
  worst: PictureResult[];
  best: PictureResult[];
}

export interface ClassResult {
  name: string;
  iou: number | null;
  accuracy: number | null;
  /** Pixels. */
  hit: number;
  truth: number;
  predicted: number;
  /** Labelled pixels to which no class was given; 0 where the background is a class. */
  unassigned: number;
  /** Whose truth shows the class. */
  pictures: number;
}

export interface PictureResult {
  id: string;
  mIoU: number | null;
  aAcc: number | null;
}
