/** How sure a figure is: bootstrap over pictures, Wilson's interval of a share, rank correlation. */
import { Random } from '../random.js';
import { normalQuantile, normalShare } from './normal.js';

/** A figure over images and its 95 % interval. */
export interface Estimate {
  /** Of all images. */
  value: number;
  /** Lower end. */
  low: number;
  /** Upper end. */
  high: number;
}

export interface BootstrapOptions {
  /** Resamplings; default 1000. */
  samples?: number;
  seed?: number;
}

/** Of a 95 % interval. */
const Z = 1.959964;

/**
 * Most that the median of the resamplings may be off, in deviations: below `Z`, so that an interval holds its
 * estimate.
 */
const MOST_BIAS = 1.9;

/**
 * 95 % interval over resampled pictures, by the bias-corrected percentile method (Efron 1981): with p the share of
 * the resamplings below the estimate and z = Φ⁻¹(p), it reaches from the quantile Φ(2z − 1.96) to Φ(2z + 1.96), which
 * are 2.5 % and 97.5 % where half of the resamplings are below. It always holds the estimate.
 *
 * @param pictures number of pictures
 * @param statistic of a resampling, given how often each picture is in it, [pictures]; all ones is the data itself
 */
export function bootstrap(
  pictures: number,
  statistic: (times: Uint32Array) => number,
  { samples = 1000, seed = 1 }: BootstrapOptions = {},
): Estimate {
  const value = statistic(new Uint32Array(pictures).fill(1));
  if (pictures < 2) return { value, low: NaN, high: NaN };
  const random = new Random(seed);
  const drawn: number[] = [];
  const times = new Uint32Array(pictures);
  for (let sample = 0; sample < samples; sample++) {
    times.fill(0);
    for (let i = 0; i < pictures; i++) times[random.integer(0, pictures - 1)]!++;
    const one = statistic(times);
    if (!Number.isNaN(one)) drawn.push(one); // a resampling without two different values has no correlation
  }
  if (drawn.length === 0) return { value, low: NaN, high: NaN };
  drawn.sort((a, b) => a - b);
  const bias = 2 * biasOf(drawn, value);
  const last = drawn.length - 1;
  const at = (z: number): number => drawn[Math.min(last, Math.floor(normalShare(bias + z) * drawn.length))]!;
  // Where few resamplings say something, quantiles are coarse.
  return { value, low: Math.min(value, at(-Z)), high: Math.max(value, at(Z)) };
}

/** Φ⁻¹ of the share of the resamplings that are below the estimate; of those that equal it, half. */
function biasOf(drawn: readonly number[], value: number): number {
  const below = drawn.filter((one) => one < value).length;
  const equal = drawn.filter((one) => one === value).length;
  return Math.min(MOST_BIAS, Math.max(-MOST_BIAS, normalQuantile((below + equal / 2) / drawn.length)));
}

/** Mean of one value a picture, with its bootstrap interval. */
export function meanEstimate(values: readonly number[], options?: BootstrapOptions): Estimate {
  return bootstrap(
    values.length,
    (times) => {
      let [sum, count] = [0, 0];
      for (let i = 0; i < values.length; i++) {
        sum += times[i]! * values[i]!;
        count += times[i]!;
      }
      return sum / count;
    },
    options,
  );
}

/** Wilson's 95 % interval of a share: also sensible at 0 and 1, and for few pictures. */
export function shareEstimate(hits: number, total: number): Estimate {
  if (total === 0) return { value: NaN, low: NaN, high: NaN };
  const z = Z;
  const value = hits / total;
  const scale = 1 + z ** 2 / total;
  const centre = (value + z ** 2 / (2 * total)) / scale;
  const half = (z * Math.sqrt((value * (1 - value)) / total + z ** 2 / (4 * total ** 2))) / scale;
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Spearman's rank correlation in [−1, 1]; NaN where one side has no two different values. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  return pearson(ranks(a), ranks(b));
}

/** Ranks from 1; equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const out = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) out[order[k]!] = (from + to + 1) / 2;
    from = to;
  }
  return out;
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? NaN : ab / Math.sqrt(aa * bb);
}

/** The values of a resampling, each picture as often as it was drawn. */
export function resample<T>(values: readonly T[], times: Uint32Array): T[] {
  return values.flatMap((value, i) => new Array<T>(times[i]!).fill(value));
}
