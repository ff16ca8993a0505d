/**
 * Pictures that wait, and what is done about those whose process ended.
 *
 * A process holds several pictures when it ends, and nobody knows which one was to blame. All of them are suspects: they wait until
 * nothing else is left, and each then goes alone. A picture in whose company processes keep ending is given up.
 */
import type { Place } from '../picture.js';

/** Processes that one picture may cost. */
export const MOST_LOSSES = 3;

export class Backlog {
  readonly #fresh: Iterator<Place>;
  readonly #suspects: Place[] = [];
  readonly #losses = new Map<string, number>();
  readonly #open: Set<string>;

  constructor(places: readonly Place[]) {
    this.#fresh = places[Symbol.iterator]();
    this.#open = new Set(places.map(({ id }) => id));
  }

  /** Pictures without an outcome, those in hand included. */
  get open(): number {
    return this.#open.size;
  }

  /** @param inHand of the process that asks @returns nothing where it had better finish those first, or nothing waits */
  take(inHand: Iterable<Place>): Place | undefined {
    const held = [...inHand];
    if (held.some(({ id }) => this.#losses.has(id))) return undefined;
    const next = this.#fresh.next();
    if (!next.done) return next.value;
    return held.length === 0 ? this.#suspects.shift() : undefined;
  }

  /** @returns whether the picture had none before: a process that was taken for dead may answer late */
  finish({ id }: Place): boolean {
    this.#losses.delete(id);
    return this.#open.delete(id);
  }

  /** @param places in the hand of a process that ended @returns those that are given up; the others wait */
  lose(places: Iterable<Place>): Place[] {
    const given: Place[] = [];
    for (const place of places) {
      if (!this.#open.has(place.id)) continue;
      const losses = (this.#losses.get(place.id) ?? 0) + 1;
      this.#losses.set(place.id, losses);
      if (losses >= MOST_LOSSES) given.push(place);
      else this.#suspects.push(place);
    }
    return given;
  }
}
