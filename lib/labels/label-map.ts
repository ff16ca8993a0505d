/** What each pixel of an image is. */

/** The label of pixels that belong to no class and are left out of every figure. */
export const IGNORED = 255;

/** Ground truth of one image: a label for every pixel. */
export interface LabelMap {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** One byte per pixel, [height × width]: an index of `Dataset.classes`, or 255 for pixels that do not count. */
  labels: Uint8Array;
}
