/** Who segments the images of a run: this process, several, or other hosts. The journal is none of their business. */
import type { ModelIdentity } from '../models/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { SegmenterInfo } from '../segmenter/index.js';
import type { LoadedPicture, Place } from './picture.js';
import type { PictureRecord, RunSettings } from './types.js';

/** What of an engine decides the counts. */
export interface EngineFacts extends Pick<SegmenterInfo, 'device' | 'dtype'> {
  /** Name, version, and the options that fit it. */
  model: Pick<SegmenterInfo['model'], 'name' | 'version' | 'methods'>;
}

/** Takes images and gives back what became of them. `openPool` opens one; a caller may bring its own. */
export interface PicturePool {
  /** Of every engine in it. */
  readonly info: EngineFacts;
  /** Of the source of names, in one line. */
  readonly names: string;
  /** Pictures in one pass that its engines were opened for; default 1. */
  readonly batch?: number | undefined;
  /** Options of the method that `evaluate` takes where its caller gives none. */
  readonly options?: MethodOverrides | undefined;
  /** What its engines' model is made of. */
  identity?(): Promise<ModelIdentity>;
  /**
   * One outcome per image, in any order. An image counts as dealt with when the next outcome is asked for, that is when it is
   * in the journal. Whoever leaves early ends the work that was begun.
   *
   * @param places images and their places in the list
   * @param run settings, read-ahead and signal
   * @throws {InvSegError} where no image can be worked on any more, or the run was aborted (`ABORTED`)
   */
  work(places: readonly Place[], run: PoolRun): AsyncIterable<Outcome>;
}

/** What of a run a pool has to know. */
export interface PoolRun {
  /** What decides the counts. */
  settings: RunSettings;
  /** Images that each engine reads beside the one it works on. */
  prefetch: number;
  /** Images in one pass of each engine; default 1. */
  batch?: number | undefined;
  /** Ends the work with the code `ABORTED`. */
  signal: AbortSignal | undefined;
}

/** What became of an image: its record, or why there is none. */
export type Outcome = Counted | Failed;

/** An image that was segmented and counted. */
export interface Counted {
  /** As the list has it. */
  id: string;
  /** Its line in the journal. */
  record: PictureRecord;
  /** For the few images that the report shows; undefined where the image cannot be had here. */
  show(): Promise<ShownPicture | undefined>;
}

/** An image that was not counted. */
export interface Failed {
  /** As the list has it. */
  id: string;
  /** In the whole evaluation's list, from 0. */
  place: number;
  /** Why. */
  error: unknown;
}

/** An image that the report shows. */
export interface ShownPicture {
  /** The image and its truth. */
  picture: LoadedPicture;
  /** [height × width] labels of the data set, or `UNASSIGNED`. */
  predicted: Uint8Array;
}
