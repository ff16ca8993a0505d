/** Which classes a picture is searched for. */
import type { Dataset, LabelMap } from '../datasets/index.js';

/** Says which classes of the data set a picture shows. */
export interface NameSource {
  /** One line for reports; a journal of another source is refused. */
  readonly description: string;
  /**
   * @returns labels of classes, without the background, each once; none is possible
   * @throws {InvSegError} what the data set's `onProblem` then decides about
   */
  labelsOf(picture: NamedPicture): Promise<readonly number[]>;
}

export interface NamedPicture {
  id: string;
  imagePath: string;
  /** RGB bytes [height × width × 3] */
  rgb: Uint8Array;
  width: number;
  height: number;
  dataset: Dataset;
  /** For sources that may look at the truth. */
  mask: LabelMap;
  signal: AbortSignal | undefined;
}

/** The classes in the mask, in the data set's order. */
export const groundTruthNames: NameSource = {
  description: 'ground truth: the classes in the mask',
  labelsOf({ dataset, mask }) {
    const seen = new Uint8Array(256);
    for (const label of mask.labels) seen[label] = 1;
    const first = dataset.hasBackground ? 1 : 0;
    return Promise.resolve(dataset.classes.flatMap((_, label) => (label >= first && seen[label] === 1 ? [label] : [])));
  },
};
