/** Two benches of one machine: what got slower by more than their noise. */
import { refuse } from '../checks/index.js';
import { checkBenchReport } from './report.js';
import type { BenchReport, BenchStage } from './types.js';
import { benchStages } from './types.js';

/** How one stage changed between two reports. */
export interface StageChange {
  /** The part of the call. */
  stage: BenchStage;
  /** Median of the earlier report, milliseconds. */
  before: number;
  /** Median of the later report, milliseconds. */
  after: number;
  /** after / before. */
  ratio: number;
  /**
   * Beyond the threshold, by more than a median and its ninth decile lie apart in either, and by at least a hundredth of the whole
   * image: the text may take three times as long where nobody notices.
   */
  slower: boolean;
}

/** What `compareBenches` found. */
export interface BenchComparison {
  /** Stages that both have. */
  changes: StageChange[];
  /** Whether any stage is slower. */
  slower: boolean;
  /** What makes the two no fair pair: other devices, types, models, options. */
  differences: string[];
}

/** Two runs of one seed give one loss, but for the order of sums. */
const LOSS_TOLERANCE = 1e-3;
/** Of the whole image: what a stage must lose to count. */
const NOTICED = 0.01;

/**
 * Compares two reports of one machine: what got slower by more than the threshold and by more than their noise.
 *
 * @param before the earlier report
 * @param after the later report
 * @param threshold share of the old median that a stage may lose, at least 0, such as 0.1
 * @returns change of each stage, and what makes the two no fair pair
 * @throws {InvSegError} `INVALID_OPTION` for what is no report or no share
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { checkBenchReport, compareBenches } from 'invseg-native/bench';
 *
 * const read = async (file: string) => checkBenchReport(JSON.parse(await readFile(file, 'utf8')), file);
 * const { slower, changes } = compareBenches(await read('bench.json'), await read('bench-new.json'), 0.1);
 * console.log(slower, changes);
 * ```
 */
export function compareBenches(before: BenchReport, after: BenchReport, threshold: number): BenchComparison {
  checkBenchReport(before, 'before');
  checkBenchReport(after, 'after');
  if (!(typeof threshold === 'number' && threshold >= 0)) refuse('threshold', 'a share of at least 0', threshold);
  const changes = benchStages.flatMap((stage): StageChange[] => {
    const [old, now] = [before.stages[stage], after.stages[stage]];
    if (!old || !now) return [];
    const ratio = now.p50 / Math.max(old.p50, 1e-9);
    const noise = Math.max(old.p90 - old.p50, now.p90 - now.p50);
    const lost = now.p50 - old.p50;
    const slower = ratio > 1 + threshold && lost > noise && lost >= NOTICED * before.stages.total!.p50;
    return [{ stage, before: old.p50, after: now.p50, ratio, slower }];
  });
  return { changes, slower: changes.some(({ slower }) => slower), differences: differencesOf(before, after) };
}

function differencesOf(before: BenchReport, after: BenchReport): string[] {
  const other = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  const whole = (['device', 'deviceName', 'dtype', 'model', 'picture', 'categories'] as const).filter((key) =>
    other(before[key], after[key]),
  );
  const [old, now] = [before.options, after.options];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => other(old[key], now[key]));
  const found = [...whole, ...names.map((name) => `options.${name}`)];
  // Where all is the same and the losses are not, the two did not compute the same.
  const losses = before.losses.map(
    (loss, i) => Math.abs(loss - (after.losses[i] ?? NaN)) / Math.max(1, Math.abs(loss)),
  );
  if (found.length === 0 && losses.some((difference) => !(difference <= LOSS_TOLERANCE))) found.push('losses');
  // What changes times alone. A report of before they were said has no version.
  const { version, threads, ...host } = before.host;
  const { version: newVersion, threads: newThreads, ...newHost } = after.host;
  if (other(host, newHost)) found.push('host');
  if (version !== undefined && other(version, newVersion)) found.push('host.version');
  if (version !== undefined && other(threads, newThreads)) found.push('host.threads');
  if (before.images !== after.images) found.push('images');
  return found;
}
