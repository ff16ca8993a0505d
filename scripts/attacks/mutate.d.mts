export interface SeededRandom {
  /** The next unsigned 32-bit integer. */
  next(): number;
  below(count: number): number;
  pick<T>(list: readonly T[]): T;
}
export function makeRandom(seed: number): SeededRandom;
/** @returns a buffer of its own, a few mutations away from one of `seeds` */
export function mutate(seeds: readonly Buffer[], random: SeededRandom, structured?: boolean): Buffer;
