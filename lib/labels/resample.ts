/** Where a pixel lies between the points of a map. */

/** Pixel centres at half, the edge repeated. */
export function neighbours(index: number, length: number, size: number): { low: number; high: number; share: number } {
  const place = Math.min(size - 1, Math.max(0, ((index + 0.5) * size) / length - 0.5));
  const low = Math.floor(place);
  return { low, high: Math.min(low + 1, size - 1), share: place - low };
}
