/** Numbers and places in words. */
import type { Place } from './anchors.js';

/** Three by three parts of a picture, as in "strongest in the upper left". */
export function whereabouts({ x, y }: Place): string {
  const row = y < 1 / 3 ? 'upper' : y < 2 / 3 ? '' : 'lower';
  const column = x < 1 / 3 ? 'left' : x < 2 / 3 ? '' : 'right';
  if (row && column) return `in the ${row} ${column}`;
  if (row) return `in the ${row} middle`;
  return column ? `on the ${column}` : 'in the centre';
}

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
