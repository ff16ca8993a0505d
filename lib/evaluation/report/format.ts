/** Numbers of the report in words. */
export const percent = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);

/** 1234567 → 1,234,567 */
export const whole = (value: number): string => value.toLocaleString('en-GB');
