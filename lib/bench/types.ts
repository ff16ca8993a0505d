/** What a bench measures and what it says. */
import type { ImageInput } from '../image/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { Segmenter } from '../segmenter/index.js';

/** What `bench` takes. */
export interface BenchOptions {
  /** What is timed. */
  segmenter: Segmenter;
  /** The image that is segmented again and again. */
  picture: ImageInput;
  /** Names to look for. */
  categories: readonly string[];
  /** Options of `segment`. */
  options?: MethodOverrides;
  /** Images that are measured, 1–10,000; default 10. */
  images?: number;
  /** Images before, which are not; default 2. The first of a kind compiles and captures on a GPU. */
  warmup?: number;
  /** Also images per second with so many in one pass, each 1–64. What it brings a CPU depends on the model. Default none. */
  batches?: readonly number[];
  /** The model is one of `randomModel`; the report says so. Default false. */
  random?: boolean;
  /** Ends the bench with the code `ABORTED`. */
  signal?: AbortSignal;
  /**
   * Told after each image, those of the warm-up too (negative numbers up to 0). What it throws, or its promise is rejected with, ends the bench.
   */
  onImage?: (image: number) => unknown;
  /**
   * Told the report when the single images are measured, and again after each of `batches`: what is there is not lost if the rest
   * fails or is aborted. What it throws, or its promise is rejected with, ends the bench.
   */
  onReport?: (report: BenchReport) => unknown;
}

/** Milliseconds. */
export interface Quantiles {
  /** The median. */
  p50: number;
  /** What nine of ten stay below. */
  p90: number;
}

/** How fast several images in one pass are. */
export interface BatchSpeed {
  /** Images in one pass. */
  batch: number;
  /** Images that were measured. */
  images: number;
  /** Over all measured images. */
  imagesPerSecond: number;
}

/** Parts of a call that are timed; `text` is a part of `encode`, and `step` is one step of the loop. */
export const benchStages = Object.freeze([
  'decode',
  'text',
  'encode',
  'inversion',
  'step',
  'predict',
  'total',
] as const);
/**
 * A part of a call.
 *
 * @useDeclaredType
 */
export type BenchStage = (typeof benchStages)[number];

/** What `bench` measured, and on what; `invseg bench --json` writes it. */
export interface BenchReport {
  /** Of this object. */
  format: 'invseg-bench/1';
  /** When it was measured, ISO 8601. */
  date: string;
  /** The machine. */
  host: {
    /** Such as `linux-x64`. */
    platform: string;
    /** Name of the processor. */
    cpu: string;
    /** CPUs that the process may use. */
    cores: number;
    /** Version of Node. */
    node: string;
    /** Version of this package; missing in reports of before it was there. */
    version?: string;
    /** CPU threads that the engine was asked to use; missing where LibTorch decides. */
    threads?: number;
  };
  /** The model. */
  model: {
    /** Such as `miniature`. */
    name: string;
    /** Of the model, not of the package. */
    version: string;
    /** Weights are random: speed and memory are a real model's, masks are none. */
    random?: true;
  };
  /** `cpu` or `cuda:<index>`. */
  device: string;
  /** Name of the device as its driver gives it. */
  deviceName: string;
  /** Precision of the weights: `float32`, `bfloat16` or `float16`. */
  dtype: string;
  /** The decoded image. */
  picture: {
    /** Pixels. */
    width: number;
    /** Pixels. */
    height: number;
    /** SHA-256 of its RGB bytes. */
    hash: string;
  };
  /** Names that were looked for, the background last. */
  categories: string[];
  /** Every option of the method. */
  options: Record<string, unknown>;
  /** Images that were measured. */
  images: number;
  /** Of every image; `text` is a part of `encode`, and `step` is of one step of the loop. A stage that did not run is missing. */
  stages: Partial<Record<BenchStage, Quantiles>>;
  /** Over all measured images. */
  imagesPerSecond: number;
  /** With `batches`. */
  batches?: BatchSpeed[];
  /** Peak resident memory of the process, bytes. */
  peakMemory: number;
  /** How late a timer of one millisecond is at most in 99 of 100 cases, milliseconds. */
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
  /** Precision of the weights. */
  dtype: string;
  /** Median. */
  seconds: number;
  /** Bytes. */
  peakMemory: number;
  /** From this library's, over all steps. */
  largestLossDifference: number;
}
