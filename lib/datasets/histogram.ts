/** How often each label occurs. */

import { IGNORED } from '../labels/index.js';
import type { ClassNames } from './types.js';

/** How much of a sample one class covers. */
export interface HistogramRow {
  /** Of the class. */
  label: number;
  /** Of the class. */
  name: string;
  /** Pixels with the label. */
  pixels: number;
  /** Of the pixels that are not ignored, 0–1. */
  share: number;
  /** Number of images that show it. */
  pictures: number;
}

export class Histogram {
  readonly #pixels = new Float64Array(256);
  readonly #pictures = new Float64Array(256);
  /** Pictures in which no label has more pixels than this one, ignored pixels aside. */
  readonly #leading = new Float64Array(256);

  add(labels: Uint8Array): void {
    const counts = new Uint32Array(256);
    for (const label of labels) counts[label]!++;
    const most = Math.max(...counts.subarray(0, IGNORED));
    for (const [label, count] of counts.entries()) {
      if (count === most && count > 0) this.#leading[label]! += 1;
      this.#pixels[label]! += count;
      if (count > 0) this.#pictures[label]! += 1;
    }
  }

  /** Number of pictures in which the label is the most common one. */
  leading(label: number): number {
    return this.#leading[label]!;
  }

  get total(): number {
    return this.#pixels.reduce((a, b) => a + b, 0);
  }

  /** Share of the ignored pixels, 0–1. */
  get ignored(): number {
    return this.total === 0 ? 0 : this.#pixels[IGNORED]! / this.total;
  }

  /** A row for every class, in their order. */
  rows(classes: readonly ClassNames[]): HistogramRow[] {
    const counted = this.total - this.#pixels[IGNORED]!;
    return classes.map(({ name }, label) => {
      const pixels = this.#pixels[label]!;
      return { label, name, pixels, share: counted === 0 ? 0 : pixels / counted, pictures: this.#pictures[label]! };
    });
  }
}
