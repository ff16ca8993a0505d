/** How much of a picture each category covers. */

/** [categories] share of the points, in [0, 1]. */
export function shares(labels: Uint8Array, categories: number): number[] {
  const counts = new Array<number>(categories).fill(0);
  for (const label of labels) if (label < categories) counts[label]!++;
  return counts.map((count) => count / labels.length);
}

/** One decimal, and "<0.1 %" for what would look like nothing. */
export function percent(share: number): string {
  if (share > 0 && share < 0.0005) return '<0.1 %';
  return `${(share * 100).toFixed(1)} %`;
}
