/** How much of a picture each category covers. */

/** [categories] share of the points, in [0, 1]. */
export function shares(labels: Uint8Array, categories: number): number[] {
  const counts = new Array<number>(categories).fill(0);
  for (const label of labels) if (label < categories) counts[label]!++;
  return counts.map((count) => count / labels.length);
}
