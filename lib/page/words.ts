/** Numbers and places in words. */

export const seconds = (milliseconds: number): string =>
  milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(milliseconds < 1e4 ? 2 : 1)} s`;

/** A number of some significant figures, with a real minus sign. */
export function figure(value: number, significant = 4): string {
  if (!Number.isFinite(value)) return 'not finite';
  const decimals = value === 0 ? 0 : Math.max(0, significant - 1 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 6)).replace('-', '−');
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
