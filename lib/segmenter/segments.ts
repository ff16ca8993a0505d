/** Labels → one segment a category. */
import type { NativePrediction } from '../native/binding.js';
import type { Segment } from './types.js';

type Labelled = Pick<NativePrediction, 'labels' | 'areas' | 'scores'>;

class LabelSegment implements Segment {
  // A field, not an accessor, for everything that a report should carry; the mask would be megabytes of JSON.
  readonly label: string;
  readonly index: number;
  readonly score: number;
  readonly area: number;
  readonly share: number;
  readonly #labels: Uint8Array;

  constructor(label: string, index: number, { labels, areas, scores }: Labelled) {
    this.label = label;
    this.index = index;
    this.score = scores[index] ?? 0;
    this.area = areas[index] ?? 0;
    this.share = this.area / labels.length;
    this.#labels = labels;
  }

  get mask(): Uint8Array {
    return this.#labels.map((label) => (label === this.index ? 1 : 0));
  }
}

export function makeSegments(categories: readonly string[], prediction: Labelled): Segment[] {
  return categories.map((label, index) => new LabelSegment(label, index, prediction));
}
