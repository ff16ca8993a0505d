/** Tables of the paper as data, and what a run of them answers. */
import type { MethodName, MethodOptions, MethodOverrides } from '../options/index.js';

/** Data sets that the paper has figures for. */
export const paperDatasets = ['voc', 'context', 'coco'] as const;
/**
 * Data set that the paper has figures for.
 *
 * @useDeclaredType
 */
export type PaperDataset = (typeof paperDatasets)[number];

/** Figures of the paper in percent, as printed. */
export interface PaperFigures {
  /** Mean over classes of intersection over union. */
  readonly mIoU: number;
  /** Mean over classes of the share of the class's pixels that were found; absent where the paper has none. */
  readonly mAcc?: number;
}

/** Sides of Stable Diffusion's attention maps, which the paper calls Res8 … Res64. */
export const paperSides = [8, 16, 32, 64] as const;
/**
 * Side of an attention map of Stable Diffusion, points; the paper calls them Res8 to Res64.
 *
 * @useDeclaredType
 */
export type PaperSide = (typeof paperSides)[number];

/** Values of `RowNames`. */
export const rowNames = [
  'standard',
  'strategy',
  'ground-truth',
  'captions',
  'captions-blip',
  'captions-llava',
  'captions-coco',
  'precomputed',
  'diffsegmenter',
] as const; // prettier-ignore
/**
 * Who names the classes of a row's images. `strategy` is DiffSegmenter's way, computed or from its lists; `standard`
 * is what the caller chose for all rows that do not say.
 *
 * @useDeclaredType
 */
export type RowNames = (typeof rowNames)[number];

/** What a row changes of the paper's settings. */
export interface RowRun {
  /** Default `invseg`. */
  readonly method?: MethodName;
  /** Options that differ from the paper's. */
  readonly options?: MethodOverrides;
  /** Resolutions that the loop reads, by the paper's names. */
  readonly training?: readonly PaperSide[];
  /** Default `standard`. */
  readonly names?: RowNames;
  /** The same run at the threshold of the background that is best for the whole data set. */
  readonly swept?: true;
}

/** A row of a table: what it changes, and what the paper prints. */
export interface TableRow {
  /** One for each of the table's columns. */
  readonly cells: readonly string[];
  /** Absent: the model of another paper, whose figures are quoted. */
  readonly run?: RowRun;
  /** By data set. */
  readonly paper?: Readonly<Partial<Record<PaperDataset, PaperFigures>>>;
}

/** A table of the paper as data. */
export interface Table {
  /** `table1` … `table7`, `grid`. */
  readonly name: string;
  /** In words. */
  readonly title: string;
  /** Their heads. */
  readonly columns: readonly string[];
  /** In the order of the paper. */
  readonly rows: readonly TableRow[];
  /** Row that the others are compared with, from 0; default the one with the paper's settings, where there is one. */
  readonly reference?: number;
  /** What a reader should know. */
  readonly notes?: readonly string[];
}

/** A figure over the seeds: mean and standard deviation of several, or value and 95 % interval over images of one. */
export interface Spread {
  /** A fraction; null where nothing can be said. */
  value: number | null;
  /** Of a sample (n − 1); absent with one seed. */
  deviation?: number;
  /** With one seed. */
  interval?: [number, number];
}

/** Fractions of a whole data set, in [0, 1]. */
export interface Figures {
  /** Mean over classes of intersection over union. */
  mIoU: number | null;
  /** Mean over classes of the share of the class's pixels that were found. */
  mAcc: number | null;
  /** Share of all labelled pixels that are right. */
  aAcc: number | null;
  /** 95 % interval of the mIoU over resampled images. */
  mIoU95: [number | null, number | null];
}

/** At the best of many thresholds; its interval leaves the choice of the threshold out. */
export interface SweptFigures extends Figures {
  /** Of the background, in [0, 1]. */
  threshold: number;
}

/** One run: a row's settings with one seed. */
export interface RunFigures extends Figures {
  /** Of the draw and of the method. */
  seed: number;
  /** Below the output folder. */
  folder: string;
  /** Of methods whose background is a threshold. */
  swept?: SweptFigures;
  /** Numbers of images. */
  pictures: {
    /** Counted. */
    evaluated: number;
    /** Left out. */
    skipped: number;
    /** Where no class was named, so that the engine was not asked. */
    unnamed: number;
  };
  /** Of finding names and segmenting, all images together, reading them left out. */
  seconds: number;
}

/** A row with our figures beside the paper's. */
export interface RowResult {
  /** From 1, as `--rows` counts. */
  number: number;
  /** One per column. */
  cells: readonly string[];
  /** The settings that the paper's other tables have as well. */
  standard: boolean;
  /** By data set. */
  paper: Readonly<Partial<Record<PaperDataset, PaperFigures>>>;
  /** Why there are no figures of ours. */
  notRun?: string;
  /** What differs from the paper's row. */
  remark?: string;
  /** Absent where the row was not run. */
  ours?: {
    /** Mean over classes of intersection over union. */
    mIoU: Spread;
    /** Mean over classes of the share of the class's pixels that were found. */
    mAcc: Spread;
    /** Share of all labelled pixels that are right. */
    aAcc: Spread;
    /** mIoU minus that of the table's reference row, paired by seed or, with one seed, by image. */
    difference?: Spread;
    /** Of finding names and segmenting, mean over images. */
    secondsPerImage: number;
    /** Of finding names and segmenting, all images and seeds together. */
    seconds: number;
    /** One per seed. */
    runs: RunFigures[];
    /** All options but the seed. */
    options: Omit<MethodOptions, 'seed'>;
    /** Description of the source. */
    names: string;
  };
}

/** A table with our figures beside the paper's. */
export interface TableResult {
  /** `table1` … `table7`, `grid`. */
  name: string;
  /** In words. */
  title: string;
  /** Their heads. */
  columns: readonly string[];
  /** Number of the row that differences are taken from. */
  reference?: number;
  /** Those that were asked for. */
  rows: RowResult[];
  /** What a reader should know. */
  notes: string[];
}
