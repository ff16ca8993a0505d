/** What `evaluate` is asked, what its journal holds, what it answers. */
import type { Dataset } from '../datasets/index.js';
import type { ErrorCode } from '../errors.js';
import type { ModelIdentity } from '../models/index.js';
import type { NameSource } from '../names/index.js';
import type { MethodOptions, MethodOverrides } from '../options/index.js';
import type { Segmenter } from '../segmenter/segmenter.js';
import type { PixelCounts } from './counts.js';
import type { JournalRecord } from './journal.js';
import type { AbsentRule } from './metrics.js';
import type { PicturePool } from './pool.js';
import type { Shard } from './select.js';

/** What is asked of a model: `Segmenter`, or anything that answers like one; `segmentAll` only where `batch` is above 1. */
export type Evaluated = Pick<Segmenter, 'info' | 'segment'> & Partial<Pick<Segmenter, 'segmentAll'>>;

export interface EvaluateOptions {
  /** One engine in this process; or else a pool. */
  segmenter?: Evaluated | undefined;
  /** Engines in other processes or on other hosts; they have their own source of names. */
  pool?: PicturePool | undefined;
  dataset: Dataset;
  /** Folder of the journal and of the pictures that the report shows; made where it is not there. */
  out: string;
  /** With `segmenter`: who names the classes of each picture; default the classes in its mask. */
  names?: NameSource | undefined;
  /**
   * A picture that the source of names does not know (`NAMES_NOT_FOUND`): `skip` (default) leaves it out and counts it,
   * `throw` ends the run. To count it as one without names, make the source with `missing: 'empty'`.
   */
  onMissingNames?: 'skip' | 'throw' | undefined;
  /** Options of the method. */
  options?: MethodOverrides | undefined;
  /** Pictures drawn from the data set; default all. */
  sample?: number | undefined;
  /** Of the draw; the method's own is in `options`. Default 0. */
  seed?: number | undefined;
  /** A part of the pictures; `mergeRuns` puts the parts together. */
  shard?: Shard | undefined;
  /** Go on from the journal (default), or throw it away. */
  restart?: boolean | undefined;
  /** What the model is made of, see `modelIdentity`; a journal of another one is refused. */
  identity?: ModelIdentity | undefined;
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /**
   * Pictures in one pass of an engine, 1–64; default 1. A GPU does several in less time than one after the other; the masks are the
   * same but for rounding. Where its memory does not hold so many, the passes become smaller by halves, and the pictures' warnings say so.
   */
  batch?: number | undefined;
  /** Pictures that are decoded while the engine works; default `batch`, at least 2. */
  prefetch?: number | undefined;
  signal?: AbortSignal | undefined;
  /** What it throws, or its promise is rejected with, ends the evaluation; what was counted is in the journal. */
  onProgress?: ((progress: EvaluateProgress) => void) | undefined;
}

/** After each picture, and once before the first. */
export interface EvaluateProgress {
  /** Pictures that are counted or left out, those of earlier runs included. */
  done: number;
  total: number;
  /** Left out. */
  skipped: number;
  /** Of earlier runs. */
  resumed: number;
  /** Over the pictures so far, NaN before the first. */
  mIoU: number;
  /** The last picture; undefined before the first. */
  id: string | undefined;
}

/** Everything that decides the counts: the first line of the journal. */
export interface RunSettings extends JournalRecord {
  readonly format: 'invseg-run/2';
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
