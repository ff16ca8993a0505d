/** What all pictures add up to while a run goes on: as large after a million pictures as after one. */

import type { ClassCounts, PixelCounts } from './counts.js';
import { emptyCounts } from './counts.js';

export class Totals {
  readonly classes: number;
  readonly counts: ClassCounts;
  /** [truth × predicted] pixels, the right ones included. */
  readonly confusion: Float64Array;
  /** [classes] pictures whose truth shows the class. */
  readonly pictures: Float64Array;

  constructor(classes: number) {
    this.classes = classes;
    this.counts = emptyCounts(classes);
    this.confusion = new Float64Array(classes * classes);
    this.pictures = new Float64Array(classes);
  }

  add({ counts, confused }: PixelCounts): void {
    const { hit, truth, predicted } = this.counts;
    for (const [c, right, labelled, guessed] of counts) {
      hit[c]! += right;
      truth[c]! += labelled;
      predicted[c]! += guessed;
      this.confusion[c * this.classes + c]! += right;
      if (labelled > 0) this.pictures[c]!++;
    }
    for (const [label, guess, pixels] of confused) this.confusion[label * this.classes + guess]! += pixels;
  }
}
