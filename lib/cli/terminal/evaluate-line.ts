/** Progress of an evaluation: a bar on a terminal; elsewhere a line every half a minute, the first and the last. */

import type { EvaluateProgress } from '../../evaluation/index.js';
import { duration } from '../../words.js';
import type { Io } from './io.js';
import { ProgressLine } from './progress.js';

export function evaluateLine(io: Io): ProgressLine<EvaluateProgress> {
  /** Images that were done when the first one of this run began: they took no time. */
  let start: { at: number; done: number } | undefined;
  const line = new ProgressLine<EvaluateProgress>(
    io,
    (progress) => {
      const { done, total, resumed } = progress;
      const now = performance.now();
      if (!start && resumed > 0) line.note(`resuming after ${resumed} images of an earlier run`);
      start ??= { at: now, done };
      const text = progressText(progress, done - start.done, (now - start.at) / 1000);
      return { share: total === 0 ? 1 : done / total, text };
    },
    { terminal: 50, log: 30_000 },
  );
  return line;
}

/** @param fresh pictures of this run @param seconds that they took */
export function progressText(
  { done, total, skipped, mIoU, id }: EvaluateProgress,
  fresh: number,
  seconds: number,
): string {
  const rate = fresh > 0 && seconds > 0 ? fresh / seconds : undefined;
  const parts = [
    `${done}/${total}`,
    rate === undefined ? undefined : speed(rate),
    rate === undefined || done === total ? undefined : `${duration((total - done) / rate)} left`,
    Number.isNaN(mIoU) ? undefined : `mIoU ${(100 * mIoU).toFixed(1)} %`,
    skipped > 0 ? `${skipped} left out` : undefined,
    id,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

const speed = (rate: number): string =>
  rate >= 0.1 ? `${rate.toFixed(rate < 10 ? 2 : 0)} images/s` : `${(1 / rate).toFixed(0)} s/image`;
