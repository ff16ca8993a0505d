/** What `evaluate` is asked. */
import type { Dataset } from '../datasets/index.js';
import type { ModelIdentity } from '../models/index.js';
import type { NameSource } from '../names/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { AbsentRule } from '../scores/index.js';
import type { PicturePool } from './pool.js';
import type { Shard } from './select.js';
import type { Evaluated } from './types.js';

/** What `evaluate` takes. */
export interface EvaluateOptions {
  /** One engine in this process; or else a pool. */
  segmenter?: Evaluated | undefined;
  /** Engines in other processes or on other hosts; they have their own source of names. */
  pool?: PicturePool | undefined;
  /** Images and masks. */
  dataset: Dataset;
  /** Folder of the journal and of the images that the report shows; made where it is not there. */
  out: string;
  /** With `segmenter`: who names the classes of each image; default the classes in its mask. */
  names?: NameSource | undefined;
  /**
   * An image that the source of names does not know (`NAMES_NOT_FOUND`): `skip` (default) leaves it out and counts it,
   * `throw` ends the run. To count it as one without names, make the source with `missing: 'empty'`.
   */
  onMissingNames?: 'skip' | 'throw' | undefined;
  /** Options of the method. */
  options?: MethodOverrides | undefined;
  /** Images drawn from the data set; default all. */
  sample?: number | undefined;
  /** Of the draw; the method's own is in `options`. Default 0. */
  seed?: number | undefined;
  /** A part of the images; `mergeRuns` puts the parts together. */
  shard?: Shard | undefined;
  /** Go on from the journal (default), or throw it away. */
  restart?: boolean | undefined;
  /** What the model is made of; a journal of another one is refused. Default `segmenter.identity()`; with a pool see `modelIdentity`. */
  identity?: ModelIdentity | undefined;
  /** How classes without a pixel count in the means; default `nan-mean`. */
  absent?: AbsentRule | undefined;
  /**
   * Images in one pass of an engine, 1–64; default the pool's, or 1. A GPU does several in less time than one after the other; the masks
   * are the same but for rounding. A pool has its own (`openPool({ batch })`). Where its memory does not hold so many, the passes become
   * smaller by halves, and the images' warnings say so.
   */
  batch?: number | undefined;
  /** Images that are decoded while the engine works; default `batch`, at least 2. */
  prefetch?: number | undefined;
  /** Ends the evaluation with the code `ABORTED`; what was counted is in the journal. */
  signal?: AbortSignal | undefined;
  /** What it throws, or its promise is rejected with, ends the evaluation; what was counted is in the journal. */
  onProgress?: ((progress: EvaluateProgress) => void) | undefined;
}

/** After each image, and once before the first. */
export interface EvaluateProgress {
  /** Images that are counted or left out, those of earlier runs included. */
  done: number;
  /** Images of this run. */
  total: number;
  /** Images that were left out. */
  skipped: number;
  /** Images that earlier runs counted. */
  resumed: number;
  /** Over the images so far, in [0, 1]; NaN before the first. */
  mIoU: number;
  /** The last image; undefined before the first. */
  id: string | undefined;
}
