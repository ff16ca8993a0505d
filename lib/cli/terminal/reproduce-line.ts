/** Progress of the tables: a line that changes on a terminal; elsewhere one a run and one a minute. */
import type { ReproduceProgress } from '../../reproduce/index.js';
import { duration } from '../../words.js';
import { progressText } from './evaluate-line.js';
import type { Io } from './io.js';
import { ProgressLine } from './progress.js';

export function reproduceLine(io: Io): ProgressLine<ReproduceProgress> {
  /** By run, since several may go on at once: when it began, and the images that an earlier call had done. */
  const begun = new Map<number, { at: number; done: number }>();
  /** Of all runs: when the first one began, and the images that were open then. */
  let start: { at: number; left: number } | undefined;
  const show = (progress: ReproduceProgress): string | undefined => {
    const { run, runs, folder, done, left } = progress;
    const now = performance.now();
    start ??= { at: now, left };
    const own = begun.get(run) ?? { at: now, done };
    begun.set(run, own);
    // A run that has just begun, or was there already, is no news for a log.
    if (done === own.done && !io.terminal) return undefined;
    const fresh = start.left - left;
    const all = fresh > 0 && run < runs ? ` (about ${duration((left * (now - start.at)) / 1000 / fresh)} for all)` : '';
    return `run ${run} of ${runs}${all}: ${progressText(progress, done - own.done, (now - own.at) / 1000)}, ${folder}`;
  };
  return new ProgressLine(io, show, { terminal: 50, log: 60_000 });
}
