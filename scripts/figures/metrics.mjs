/** Confusion counts, mIoU and mAcc over classes with the background, and bootstrap intervals over pictures. */

/**
 * Counts of one picture.
 *
 * @param {Uint8Array} truth class of each pixel @param {Uint8Array} predicted the same length
 * @param {number} classes with the background
 * @returns {{hit: number[], truth: number[], predicted: number[]}} pixels of each class; adds up over pictures
 */
export function count(truth, predicted, classes) {
  if (truth.length !== predicted.length) throw new Error(`${predicted.length} labels for ${truth.length} pixels`);
  const zeros = () => new Array(classes).fill(0);
  const counts = { hit: zeros(), truth: zeros(), predicted: zeros() };
  for (let i = 0; i < truth.length; i++) {
    counts.truth[truth[i]]++;
    counts.predicted[predicted[i]]++;
    if (truth[i] === predicted[i]) counts.hit[truth[i]]++;
  }
  return counts;
}

/** The sum of pictures' counts, each `times[i]` times (default once). */
export function total(list, times) {
  const classes = list[0].hit.length;
  const zeros = () => new Float64Array(classes);
  const sum = { hit: zeros(), truth: zeros(), predicted: zeros() };
  list.forEach((counts, i) => {
    const weight = times ? times[i] : 1;
    if (weight === 0) return;
    for (const key of ['hit', 'truth', 'predicted']) {
      for (let c = 0; c < classes; c++) sum[key][c] += weight * counts[key][c];
    }
  });
  return sum;
}

const mean = (values) => {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
};

/** IoU = TP / (T + P − TP) of each class; NaN where no pixel has it, neither in truth nor in prediction. */
export function ious({ hit, truth, predicted }) {
  return Array.from(hit, (value, c) => value / (truth[c] + predicted[c] - value));
}

/** Percent. Classes that do not occur are left out of the means. */
export function scores(sum) {
  return {
    mIoU: 100 * mean(ious(sum)),
    mAcc: 100 * mean(Array.from(sum.hit, (value, c) => value / sum.truth[c])),
    accuracy: (100 * sum.hit.reduce((a, b) => a + b, 0)) / sum.truth.reduce((a, b) => a + b, 0),
  };
}

/** Numbers in [0, 1), the same for the same seed. */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * 95 % percentile intervals over resampled pictures.
 *
 * @param {number} pictures
 * @param {(times: number[]) => Record<string, number>} statistic of a resampling, given how often each picture is in it
 * @returns {Record<string, [number, number]>}
 */
export function bootstrap(pictures, statistic, samples = 1000, seed = 1) {
  const next = uniform(seed);
  const drawn = [];
  for (let s = 0; s < samples; s++) {
    const times = new Array(pictures).fill(0);
    for (let i = 0; i < pictures; i++) times[Math.floor(next() * pictures)]++;
    drawn.push(statistic(times));
  }
  const intervals = {};
  for (const key of Object.keys(drawn[0])) {
    const sorted = drawn.map((one) => one[key]).sort((a, b) => a - b);
    intervals[key] = [sorted[Math.floor(0.025 * samples)], sorted[Math.ceil(0.975 * samples) - 1]];
  }
  return intervals;
}
