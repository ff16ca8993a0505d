/** What a source of names is: for an image, which categories to look for in it. */

import type { ImageInput } from '../image/index.js';
import type { LabelMap } from '../labels/index.js';

/** An image that names are wanted for. An item of a data set fits. */
export interface NameItem {
  /** What files of names know it by: the name of the image's file without its ending. */
  readonly id: string;
  /** Path of the image. */
  readonly imagePath: string;
  /** Decoded already; left out, sources that look at the image read `imagePath`. */
  readonly image?: ImageInput;
  /** For sources that need the ground truth. */
  loadMask?(): Promise<LabelMap>;
}

/** What a source found in one image. */
export interface FoundNames {
  /** Prompt names in the order of the vocabulary, each once, without the background. Empty: the image is all background. */
  readonly names: readonly string[];
  /** Which source gave them: the kind, and after a slash the part of it that did, as in `captions/image-similarity`. */
  readonly origin: string;
  /** What a careful reader should know. */
  readonly warnings: readonly string[];
}

/**
 * Finds the names of what an image may show. Those of this package come from `openNameSource`; a caller may bring its
 * own.
 */
export interface NameSource {
  /** In human words, for reports: `captions of captions.json, vocabulary voc`. */
  readonly description: string;
  /**
   * Whether the source has an entry for the image; left out by sources that have no list of images.
   *
   * @param id of the item
   */
  knows?(id: string): boolean;
  /**
   * Finds the names of one image.
   *
   * @param item the image; its id is what lists know it by
   * @throws {InvSegError} where the source has nothing to go by for this image: `NAMES_NOT_FOUND`; what the mask or the
   * models throw
   */
  namesFor(item: NameItem): Promise<FoundNames>;
}
