/** What each pixel of an image is. */

/** Labels of `Dataset.classes`; this one belongs to none of them and is left out of every figure. */
export const IGNORED = 255;

export interface LabelMap {
  width: number;
  height: number;
  /** [height × width], row by row: an index of `Dataset.classes`, or 255 for pixels that do not count. */
  labels: Uint8Array;
}
