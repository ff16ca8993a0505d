/**
 * What a data set is to the rest of the package: pictures with label maps, one after the other.
 *
 * Nothing here holds more than one picture: a data set keeps its list of ids (and, for COCO's JSON, typed arrays of a few
 * bytes an annotation), everything else is read when it is asked for.
 */
import type { ErrorCode } from '../errors.js';
import type { LabelMap } from '../labels/index.js';
import type { Vocabulary, VocabularyClass } from '../names/index.js';

export const datasetKinds = Object.freeze(['folder', 'voc', 'context', 'coco'] as const);
export type DatasetKind = (typeof datasetKinds)[number];

/** The name that the data set uses, the name that stands in a prompt, other words for the same thing. */
export type ClassNames = VocabularyClass;

export interface DatasetItem {
  id: string;
  /** Below the root, all links resolved. */
  imagePath: string;
  /** Of the picture as `decodeImage` gives it, from its header. */
  size: { width: number; height: number };
  /**
   * Reads the mask; its size is the picture's, its labels are within the classes.
   * @throws {InvSegError} `MASK_NOT_FOUND`, `MASK_INVALID`, `DATASET_INVALID`; the message names the file
   */
  loadMask(): Promise<LabelMap>;
}

/** A picture that was left out, and why. */
export interface SkippedItem {
  id: string;
  code: ErrorCode;
  message: string;
}

export interface Dataset extends AsyncIterable<DatasetItem> {
  readonly kind: DatasetKind;
  /** Absolute, all links resolved. */
  readonly root: string;
  /** Name of the list, such as `val`; undefined where all pictures are taken. */
  readonly split: string | undefined;
  /** Names of the classes, the background left out, and what else captions may call them. */
  readonly vocabulary: Vocabulary;
  /** Index = label. The first is the background, unless `hasBackground` is false. */
  readonly classes: readonly ClassNames[];
  /** False where the background is ignored (Context59 and the like): label 0 is then the first class. */
  readonly hasBackground: boolean;
  /** In human words: which masks, how many classes, what is ignored. For reports. */
  readonly protocol: string;
  /** In the order of the list, before anything is skipped. */
  readonly ids: readonly string[];
  /** Lines of the list that name no picture of their own: left out, or an error when the data set is opened. */
  readonly unlisted: readonly SkippedItem[];
  /** What was left out so far, each id once; empty unless `onProblem` is `skip`. */
  readonly skipped: readonly SkippedItem[];

  /**
   * One picture, out of order.
   * @throws {InvSegError} whatever `onProblem` says; `INVALID_OPTION` for an id that is not in the list
   */
  item(id: string): Promise<DatasetItem>;
  /**
   * For who meets a problem later, such as a damaged mask: throws `error`, or records it where `onProblem` is `skip`.
   * Anything but an `InvSegError` is always thrown.
   */
  problem(id: string, error: unknown): void;
}
