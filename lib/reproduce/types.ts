/** Tables of the paper as data, and what a run of them answers. */
import type { MethodName, MethodOptions, MethodOverrides } from '../options/index.js';

/** Data sets that the paper has figures for. */
export const paperDatasets = ['voc', 'context', 'coco'] as const;
export type PaperDataset = (typeof paperDatasets)[number];

/** In percent, as printed. */
export interface PaperFigures {
  readonly mIoU: number;
  readonly mAcc?: number;
}

/** Sides of Stable Diffusion's attention maps, which the paper calls Res8 … Res64. */
export const paperSides = [8, 16, 32, 64] as const;
export type PaperSide = (typeof paperSides)[number];

/**
 * Who names the classes of a row's pictures. `strategy` is DiffSegmenter's way, computed or from its lists; `standard` is what the
 * caller chose for all rows that do not say.
 */
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
export type RowNames = (typeof rowNames)[number];

/** What a row changes of the paper's settings. */
export interface RowRun {
  /** Default `invseg`. */
  readonly method?: MethodName;
  readonly options?: MethodOverrides;
  /** Resolutions that the loop reads, by the paper's names. */
  readonly training?: readonly PaperSide[];
  /** Default `standard`. */
  readonly names?: RowNames;
  /** The same run at the threshold of the background that is best for the whole data set. */
  readonly swept?: true;
}

export interface TableRow {
  /** One for each of the table's columns. */
  readonly cells: readonly string[];
  /** Absent: the model of another paper, whose figures are quoted. */
  readonly run?: RowRun;
  readonly paper?: Readonly<Partial<Record<PaperDataset, PaperFigures>>>;
}

export interface Table {
  /** `table1` … `table7`, `grid`. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** Row that the others are compared with, from 0; default the one with the paper's settings, where there is one. */
  readonly reference?: number;
  /** What a reader should know. */
  readonly notes?: readonly string[];
}

/** A figure over the seeds: mean and standard deviation of several, or value and 95 % interval over pictures of one. */
export interface Spread {
  /** A fraction; null where nothing can be said. */
  value: number | null;
  /** Of a sample (n − 1); absent with one seed. */
  deviation?: number;
  /** With one seed. */
  interval?: [number, number];
}

/** Fractions of a whole data set. */
export interface Figures {
  mIoU: number | null;
  mAcc: number | null;
  aAcc: number | null;
  /** 95 % interval over resampled pictures. */
  mIoU95: [number | null, number | null];
}

/** At the best of many thresholds; its interval leaves the choice of the threshold out. */
export interface SweptFigures extends Figures {
  threshold: number;
}

/** One run: a row's settings with one seed. */
export interface RunFigures extends Figures {
  seed: number;
  /** Below the output folder. */
  folder: string;
  /** Of methods whose background is a threshold. */
  swept?: SweptFigures;
  pictures: { evaluated: number; skipped: number; unnamed: number };
  /** Of finding names and segmenting, all pictures together, reading them left out. */
  seconds: number;
}

export interface RowResult {
  /** From 1, as `--rows` counts. */
  number: number;
  cells: readonly string[];
  /** The settings that the paper's other tables have as well. */
  standard: boolean;
  paper: Readonly<Partial<Record<PaperDataset, PaperFigures>>>;
  /** Why there are no figures of ours. */
  notRun?: string;
  /** What differs from the paper's row. */
  remark?: string;
  ours?: {
    mIoU: Spread;
    mAcc: Spread;
    aAcc: Spread;
    /** mIoU minus that of the table's reference row, paired by seed or, with one seed, by picture. */
    difference?: Spread;
    /** Names and segmentation. */
    secondsPerImage: number;
    seconds: number;
    runs: RunFigures[];
    /** All options but the seed. */
    options: Omit<MethodOptions, 'seed'>;
    /** Description of the source. */
    names: string;
  };
}

export interface TableResult {
  name: string;
  title: string;
  columns: readonly string[];
  /** Number of the row that differences are taken from. */
  reference?: number;
  rows: RowResult[];
  notes: string[];
}
