/**
 * Eq. 3, for a few rows: how far a point is from all others in the eyes of the self-attention. The engine never has these rows: its loss
 * sums S block by block without keeping it, and `clusterLoss` gives the sums alone.
 */

/** `kLogEps` of the engine's loss: a 0 in a row must not make the logarithm infinite. */
const LOG_EPS = 1e-8;

/**
 * S_ij = KL(p_i ‖ p_j) + KL(p_j ‖ p_i) = Σ_k (p_ik − p_jk)(log p_ik − log p_jk), p_i the i-th row, in nats.
 *
 * @param self [points × points] aggregated self-attention, rows of sum 1
 * @param rows the points i @returns one array [points] for each of them
 */
export function symmetricDistances(self: Float32Array, points: number, rows: readonly number[]): Float32Array[] {
  const logs = self.map((value) => Math.log(value + LOG_EPS));
  return rows.map((i) =>
    Float32Array.from({ length: points }, (_, j) => {
      let sum = 0;
      for (let a = i * points, b = j * points, end = a + points; a < end; a++, b++) {
        sum += (self[a]! - self[b]!) * (logs[a]! - logs[b]!);
      }
      return sum;
    }),
  );
}

/** The value below which `share` of all values lie: a scale that one outlier does not flatten. */
export function quantile(values: readonly Float32Array[], share: number): number {
  const all = Float32Array.from(values.flatMap((part) => [...part])).sort();
  return all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 0;
}
