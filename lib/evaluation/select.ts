/** Which images of a list: a sample by a seed, a part of several. */
import { createHash } from 'node:crypto';
import { InvSegError } from '../errors.js';
import { Random } from '../random.js';

/** `count` different ids by the seed, in the data set's order; a larger sample holds the smaller one. */
export function drawSample(ids: readonly string[], count: number, seed: number): string[] {
  const order = ids.map((_, i) => i);
  const random = new Random(seed);
  for (let i = 0; i < Math.min(count, order.length); i++) {
    const j = random.integer(i, order.length - 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((i) => ids[i]!);
}

/** One part of several of a list: every `count`-th image from `index` on. */
export interface Shard {
  /** From 0, below `count`. */
  index: number;
  /** Number of parts, at least 1. */
  count: number;
}

/** Every `count`-th from `index` on: the parts are disjoint, make up the whole, and are equally long but for one. */
export function takeShard<T>(list: readonly T[], { index, count }: Shard): T[] {
  return list.filter((_, i) => i % count === index);
}

/** @param text `i/n`, i from 0 @throws {InvSegError} `INVALID_OPTION` */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || count < 1 || index >= count) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected i/n with i from 0 to n − 1, such as 0/4, for shard but received ${JSON.stringify(text)}`,
    );
  }
  return { index, count };
}

/** One value for a list of ids, in its order. */
export function listHash(ids: readonly string[]): string {
  return createHash('sha256')
    .update(ids.map((id) => `${id}\n`).join(''))
    .digest('hex');
}
