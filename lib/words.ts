/** Numbers in words, the same in pages, tables and on the terminal. */

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

/** A share in percent; a dash where nothing can be said. */
export const percent = (share: number | null, digits = 2): string =>
  share === null ? '–' : `${(100 * share).toFixed(digits)} %`;

/** With one decimal, for pages. */
export const percent1 = (share: number | null): string => percent(share, 1);

/** Of a share of an image: one decimal, and "<0.1 %" for what would look like nothing. */
export const shareText = (share: number): string => (share > 0 && share < 0.0005 ? '<0.1 %' : percent1(share));

/** A time that is left or was spent: `45 s`, `12 min`, `2.5 h`; rounded up. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

const BAR = 20;

/** A share from 0 to 1 as a line of a terminal shows it. */
export function bar(share: number): string {
  const filled = Math.round(BAR * share);
  return `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}]`;
}

/** 1234567 → 1,234,567 */
export const whole = (value: number): string => value.toLocaleString('en-GB');
