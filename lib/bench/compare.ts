/** Two benches of one machine: what got slower by more than their noise. */
import { benchStages } from './types.js';
import type { BenchReport, BenchStage } from './types.js';

export interface StageChange {
  stage: BenchStage;
  /** Milliseconds, medians. */
  before: number;
  after: number;
  /** after / before */
  ratio: number;
  /** Beyond the threshold, and by more than a median and its ninth decile lie apart in either. */
  slower: boolean;
}

export interface BenchComparison {
  /** Stages that both have. */
  changes: StageChange[];
  slower: boolean;
  /** What makes the two no fair pair: other devices, types, models, options. */
  differences: string[];
}

/** @param threshold share of the old median that a stage may lose, such as 0.1 */
export function compareBenches(before: BenchReport, after: BenchReport, threshold: number): BenchComparison {
  const changes = benchStages.flatMap((stage): StageChange[] => {
    const [old, now] = [before.stages[stage], after.stages[stage]];
    if (!old || !now) return [];
    const ratio = now.p50 / Math.max(old.p50, 1e-9);
    const noise = Math.max(old.p90 - old.p50, now.p90 - now.p50);
    const slower = ratio > 1 + threshold && now.p50 - old.p50 > noise;
    return [{ stage, before: old.p50, after: now.p50, ratio, slower }];
  });
  const differences = (['deviceName', 'dtype', 'model', 'host', 'options'] as const).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return { changes, slower: changes.some(({ slower }) => slower), differences };
}
