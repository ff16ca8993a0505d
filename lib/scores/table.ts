/** The counts of many pictures in a few flat arrays, for statistics that go over all of them a thousand times. */

import type { ClassCounts, SparseCounts } from './counts.js';
import { emptyCounts } from './counts.js';

/** Numbers of one entry: class, hit, truth, predicted. */
const WIDTH = 4;

export class CountTable {
  readonly classes: number;
  /** Picture i has the entries from `#starts[i]` to `#starts[i + 1]`. */
  readonly #starts: number[] = [0];
  #entries = new Float64Array(1024 * WIDTH);

  constructor(classes: number) {
    this.classes = classes;
  }

  get pictures(): number {
    return this.#starts.length - 1;
  }

  add(counts: SparseCounts): void {
    const start = this.#starts.at(-1)!;
    const end = start + counts.length;
    if (end * WIDTH > this.#entries.length) {
      const larger = new Float64Array(Math.max(2 * this.#entries.length, end * WIDTH));
      larger.set(this.#entries);
      this.#entries = larger;
    }
    counts.forEach((entry, i) => this.#entries.set(entry, (start + i) * WIDTH));
    this.#starts.push(end);
  }

  /** Of the picture at this place. */
  counts(place: number): SparseCounts {
    const entries = this.#entries.subarray(this.#starts[place]! * WIDTH, this.#starts[place + 1]! * WIDTH);
    return Array.from(
      { length: entries.length / WIDTH },
      (_, i) => [...entries.subarray(i * WIDTH, (i + 1) * WIDTH)] as SparseCounts[number],
    );
  }

  /** The pictures at these places, in this order. */
  take(places: readonly number[]): CountTable {
    const out = new CountTable(this.classes);
    for (const place of places) out.add(this.counts(place));
    return out;
  }

  /** @param times how often each picture counts, [pictures] */
  sum(times: ArrayLike<number>): ClassCounts {
    const { hit, truth, predicted } = emptyCounts(this.classes);
    for (let i = 0; i < this.pictures; i++) {
      const weight = times[i]!;
      if (weight === 0) continue;
      const end = this.#starts[i + 1]! * WIDTH;
      for (let at = this.#starts[i]! * WIDTH; at < end; at += WIDTH) {
        const c = this.#entries[at]!;
        hit[c]! += weight * this.#entries[at + 1]!;
        truth[c]! += weight * this.#entries[at + 2]!;
        predicted[c]! += weight * this.#entries[at + 3]!;
      }
    }
    return { hit, truth, predicted };
  }
}
