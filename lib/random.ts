/**
 * Every random choice of one image, from one seed.
 *
 * The numbers are drawn here, on the CPU and in a fixed order, and the native side gets boxes, timesteps and noise seeds;
 * that is why one seed gives one mask on every device.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { mersenne } from 'pure-rand/generator/mersenne';

export class Random {
  readonly #generator;

  /** @param seed unsigned 32-bit integer. The Mersenne twister's set-up mixes it, so that 0, 1, 2 … are unrelated. */
  constructor(seed: number) {
    this.#generator = mersenne(seed);
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * uniformFloat64(this.#generator);
  }

  /** Uniform among the integers from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** A seed for a native generator, an unsigned 32-bit integer. */
  seed(): number {
    return uniformInt(this.#generator, 0, 0xffffffff);
  }
}
