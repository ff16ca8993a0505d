/** Work that is begun before it is asked for, a bounded number of items ahead. */

/**
 * @param load must not reject: what failed before its turn would be nobody's
 * @param depth items that are in work or wait beside the one that was handed out, at least 0
 * @returns results in the order of the items; whoever leaves early waits for what was begun
 */
export async function* ahead<T, R>(
  items: Iterable<T>,
  load: (item: T) => Promise<R>,
  depth: number,
): AsyncGenerator<R> {
  const source = items[Symbol.iterator]();
  const begun: Promise<R>[] = [];
  const fill = (most: number): void => {
    while (begun.length < most) {
      const next = source.next();
      if (next.done) return;
      begun.push(load(next.value));
    }
  };
  try {
    for (fill(depth + 1); begun.length > 0; fill(depth + 1)) {
      const result = await begun.shift()!;
      // The next ones begin before this one is worked on.
      fill(depth);
      yield result;
    }
  } finally {
    await Promise.all(begun);
  }
}
