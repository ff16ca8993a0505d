/** What a bench measures and what it says. */
import type { ImageInput } from '../image/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { Segmenter } from '../segmenter/index.js';

export interface BenchOptions {
  segmenter: Segmenter;
  /** Segmented again and again. */
  picture: ImageInput;
  categories: readonly string[];
  /** Options of `segment`. */
  options?: MethodOverrides;
  /** Images that are measured, 1–10,000; default 10. */
  images?: number;
  /** Images before, which are not; default 2. The first of a kind compiles and captures on a GPU. */
  warmup?: number;
  /** Also images a second with so many in one pass, each 1–64. On a CPU it brings nothing. Default none. */
  batches?: readonly number[];
  /** Of `randomModel`; the report says so. Default false. */
  random?: boolean;
  signal?: AbortSignal;
  /**
   * Told after each image, those of the warm-up too (negative numbers up to 0). What it throws, or its promise is rejected with, ends the bench.
   */
  onImage?: (image: number) => unknown;
}

/** Milliseconds: the median, and what nine of ten stay below. */
export interface Quantiles {
  p50: number;
  p90: number;
}

export interface BatchSpeed {
  /** Images in one pass. */
  batch: number;
  /** Images that were measured. */
  images: number;
  imagesPerSecond: number;
}

export const benchStages = Object.freeze([
  'decode',
  'text',
  'encode',
  'inversion',
  'step',
  'predict',
  'total',
] as const);
export type BenchStage = (typeof benchStages)[number];

export interface BenchReport {
  format: 'invseg-bench/1';
  /** ISO 8601. */
  date: string;
  host: { platform: string; cpu: string; cores: number; node: string };
  model: { name: string; version: string; random?: true };
  device: string;
  deviceName: string;
  dtype: string;
  /** Of the decoded picture, and the SHA-256 of its RGB bytes. */
  picture: { width: number; height: number; hash: string };
  categories: string[];
  /** Every option of the method. */
  options: Record<string, unknown>;
  images: number;
  /** Of every image; `text` is a part of `encode`, and `step` is of one step of the loop. A stage that did not run is missing. */
  stages: Partial<Record<BenchStage, Quantiles>>;
  imagesPerSecond: number;
  /** With `batches`. */
  batches?: BatchSpeed[];
  /** Peak resident memory of the process in bytes, and how late a timer is at most in 99 of 100 cases, in milliseconds. */
  peakMemory: number;
  eventLoopP99: number;
  /** Total loss of the first and last step of the last image: two benches of one model and seed must agree. */
  losses: number[];
  /** Of `npm run bench -- --peers`. */
  peers?: BenchPeer[];
}

/** The same image in eager PyTorch, in the same run. */
export interface BenchPeer {
  /** `straight` as the paper reads, `tuned`, `compiled`. */
  kind: string;
  dtype: string;
  /** Median. */
  seconds: number;
  /** Bytes. */
  peakMemory: number;
  /** From this library's, over all steps. */
  largestLossDifference: number;
}
