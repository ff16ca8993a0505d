/** Figures over seeds. */
import type { RunFigures, Spread } from './types.js';

/** Mean and standard deviation (n − 1) of several values; one value stands alone. Null where a value is missing. */
export function spreadOf(values: readonly (number | null)[]): Spread {
  if (values.length === 0 || values.includes(null)) return { value: null };
  const known = values as readonly number[];
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  if (known.length === 1) return { value: mean };
  return {
    value: mean,
    deviation: Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1)),
  };
}

/** A value with an interval over pictures, where that can be said. */
export function withInterval(value: number | null, [low, high]: readonly [number | null, number | null]): Spread {
  return { value, ...(low !== null && high !== null && { interval: [low, high] as [number, number] }) };
}

/** mIoU minus that of `reference`, seed by seed: what the draw of the pictures does to both cancels. */
export function differenceOf(runs: readonly RunFigures[], reference: readonly RunFigures[]): Spread {
  const pairs = runs.map(({ seed, mIoU }) => {
    const other = reference.find((run) => run.seed === seed)?.mIoU ?? null;
    return mIoU === null || other === null ? null : mIoU - other;
  });
  return spreadOf(pairs);
}
