/** The standard normal distribution. */

const coefficients = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];

/** P(Z ≤ z), to 1e-7: Abramowitz and Stegun, 26.2.17. */
export function normalShare(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const tail = density * coefficients.reduceRight((sum, coefficient) => t * (coefficient + sum), 0);
  return z > 0 ? 1 - tail : tail;
}

/** The z with P(Z ≤ z) = `share`, by bisection; between −8 and 8. */
export function normalQuantile(share: number): number {
  let [low, high] = [-8, 8];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
