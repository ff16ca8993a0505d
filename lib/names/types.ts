/** What a source of names is: for a picture, which categories to look for in it. */

import type { ImageInput } from '../image/index.js';
import type { LabelMap } from '../labels/index.js';

/** A picture that names are wanted for. An item of a data set fits. */
export interface NameItem {
  /** What files of names know it by: the name of the picture's file without its ending. */
  readonly id: string;
  readonly imagePath: string;
  /** Decoded already; left out, sources that look at the picture read `imagePath`. */
  readonly image?: ImageInput;
  /** For sources that need the ground truth. */
  loadMask?(): Promise<LabelMap>;
}

export interface FoundNames {
  /** Prompt names in the order of the vocabulary, each once, without the background. Empty: the picture is all background. */
  readonly names: readonly string[];
  /** Which source gave them: the kind, and after a slash the part of it that did, as in `captions/image-similarity`. */
  readonly origin: string;
  /** What a careful reader should know. */
  readonly warnings: readonly string[];
}

export interface NameSource {
  /** In human words, for reports: `captions of captions.json, vocabulary voc`. */
  readonly description: string;
  /** Whether the source has an entry for the picture; left out by sources that have no list of pictures. */
  knows?(id: string): boolean;
  /**
   * @throws {InvSegError} where the source has nothing to go by for this picture: `NAMES_NOT_FOUND`; what the mask or the
   * models throw
   */
  namesFor(item: NameItem): Promise<FoundNames>;
}
