/** The pictures with the lowest and the highest own score, kept while all others go by. */

export interface Ranked {
  id: string;
  score: number;
}

export class Ranking {
  readonly #most: number;
  readonly #worst: Ranked[] = [];
  readonly #best: Ranked[] = [];

  /** @param most pictures on each side */
  constructor(most: number) {
    this.#most = most;
  }

  /** From the lowest. */
  get worst(): readonly Ranked[] {
    return this.#worst;
  }

  /** From the highest. */
  get best(): readonly Ranked[] {
    return this.#best;
  }

  has(id: string): boolean {
    return [...this.#worst, ...this.#best].some((one) => one.id === id);
  }

  /**
   * Ties go to the lower id, so that the order of the calls does not matter.
   * @returns whether the picture is on one of the sides now, and ids that are on none any more
   */
  add({ id, score }: Ranked): { kept: boolean; gone: string[] } {
    const dropped = [
      insert(this.#worst, { id, score }, this.#most, (a, b) => a.score - b.score || compareIds(a.id, b.id)),
      insert(this.#best, { id, score }, this.#most, (a, b) => b.score - a.score || compareIds(a.id, b.id)),
    ];
    const gone = dropped.flatMap((one) => (one === undefined || one === id || this.has(one) ? [] : [one]));
    return { kept: this.has(id), gone: [...new Set(gone)] };
  }
}

/** @returns the id that fell out */
function insert(
  list: Ranked[],
  one: Ranked,
  most: number,
  compare: (a: Ranked, b: Ranked) => number,
): string | undefined {
  const at = list.findIndex((other) => compare(one, other) < 0);
  list.splice(at < 0 ? list.length : at, 0, one);
  return list.length > most ? list.pop()!.id : undefined;
}

const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
