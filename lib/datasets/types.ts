/**
 * What a data set is to the rest of the package: images with label maps, one after the other.
 *
 * Nothing here holds more than one image: a data set keeps its list of ids (and, for COCO's JSON, typed arrays of a few
 * bytes an annotation), everything else is read when it is asked for.
 */
import type { ErrorCode } from '../errors.js';
import type { LabelMap } from '../labels/index.js';
import type { Vocabulary, VocabularyClass } from '../names/index.js';

/** Kinds of data sets that `openDataset` reads. */
export const datasetKinds = Object.freeze(['folder', 'voc', 'context', 'coco'] as const);
/**
 * Kind of a data set: how its files are laid out.
 *
 * @useDeclaredType
 */
export type DatasetKind = (typeof datasetKinds)[number];

/** The name that the data set uses, the name that stands in a prompt, other words for the same thing. */
export type ClassNames = VocabularyClass;

/** One image of a data set. */
export interface DatasetItem {
  /** As the list has it. */
  id: string;
  /** Absolute, below the root, all links resolved. */
  imagePath: string;
  /** Of the image as `decodeImage` gives it, from its header. */
  size: {
    /** Pixels. */
    width: number;
    /** Pixels. */
    height: number;
  };
  /**
   * Reads the mask.
   *
   * @returns labels [height × width] of the image's size, each a class or 255
   * @throws {InvSegError} `MASK_NOT_FOUND`, `MASK_INVALID`, `DATASET_INVALID`; the message names the file
   */
  loadMask(): Promise<LabelMap>;
}

/** An image that was left out, and why. */
export interface SkippedItem {
  /** As the list has it. */
  id: string;
  /** Of the error. */
  code: ErrorCode;
  /** Of the error; it names the file. */
  message: string;
}

/**
 * Images with label maps, one after the other: iterate over it, or ask for an item. It holds its list, never an image.
 */
export interface Dataset extends AsyncIterable<DatasetItem> {
  /** How its files are laid out. */
  readonly kind: DatasetKind;
  /** Absolute, all links resolved. */
  readonly root: string;
  /** Name of the list, such as `val`; undefined where all images are taken. */
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
  /** Lines of the list that name no image of their own: left out, or an error when the data set is opened. */
  readonly unlisted: readonly SkippedItem[];
  /** What was left out so far, each id once; empty unless `onProblem` is `skip`. */
  readonly skipped: readonly SkippedItem[];

  /**
   * One image, out of order.
   *
   * @param id one of `ids`
   * @returns where its image is, and how its mask is read
   * @throws {InvSegError} whatever `onProblem` says; `INVALID_OPTION` for an id that is not in the list
   */
  item(id: string): Promise<DatasetItem>;
  /**
   * For who meets a problem later, such as a damaged mask: throws `error`, or records it where `onProblem` is `skip`.
   * Anything but an `InvSegError` is always thrown.
   *
   * @param id of the image
   * @param error what went wrong with it
   */
  problem(id: string, error: unknown): void;
}
