/** Who segments the pictures of a run: this process, several, or other hosts. The journal is none of their business. */
import type { SegmenterInfo } from '../segmenter/index.js';
import type { LoadedPicture, Place } from './picture.js';
import type { PictureRecord, RunSettings } from './types.js';

/** What of an engine decides the counts. */
export interface EngineFacts extends Pick<SegmenterInfo, 'device' | 'dtype'> {
  model: Pick<SegmenterInfo['model'], 'name' | 'version' | 'methods'>;
}

/** Takes pictures and gives back what became of them. */
export interface PicturePool {
  /** Of every engine in it. */
  readonly info: EngineFacts;
  /** Of the source of names, in one line. */
  readonly names: string;
  /** Pictures in one pass that its engines were opened for; default 1. */
  readonly batch?: number | undefined;
  /**
   * One outcome a picture, in any order. A picture counts as dealt with when the next outcome is asked for, that is when it is
   * in the journal. Whoever leaves early ends the work that was begun.
   *
   * @throws {InvSegError} where no picture can be worked on any more, or the run was aborted (`ABORTED`)
   */
  work(places: readonly Place[], run: PoolRun): AsyncIterable<Outcome>;
}

export interface PoolRun {
  settings: RunSettings;
  /** Pictures that each engine reads beside the one it works on. */
  prefetch: number;
  /** Pictures in one pass of each engine; default 1. */
  batch?: number | undefined;
  signal: AbortSignal | undefined;
}

/** A picture's record, or why there is none. */
export type Outcome = Counted | Failed;

export interface Counted {
  id: string;
  record: PictureRecord;
  /** For the few pictures that the report shows; undefined where the picture cannot be had here. */
  show(): Promise<ShownPicture | undefined>;
}

export interface Failed {
  id: string;
  /** In the whole evaluation's list, from 0. */
  place: number;
  error: unknown;
}

export interface ShownPicture {
  picture: LoadedPicture;
  /** [height × width] labels of the data set, or `UNASSIGNED`. */
  predicted: Uint8Array;
}
