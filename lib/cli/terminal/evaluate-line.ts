/** Progress of an evaluation: a bar on a terminal; elsewhere a line every half a minute, the first and the last. */

import type { EvaluateProgress } from '../../evaluation/index.js';
import { duration } from '../../words.js';
import type { Io } from './io.js';
import { ProgressLine } from './progress.js';

const BAR = 20;
const PAUSE_MS = 30_000;
const REDRAW_MS = 50;

export class EvaluateLine extends ProgressLine {
  readonly #talk: Io;
  #began = 0;
  /** Pictures that were done when the first one of this run began: they took no time. */
  #first: number | undefined;
  #said = -Infinity;

  constructor(io: Io) {
    super(io);
    this.#talk = io;
  }

  progress(progress: EvaluateProgress): void {
    const now = performance.now();
    if (this.#first === undefined) {
      this.#first = progress.done;
      this.#began = now;
      if (progress.resumed > 0) this.note(`resuming after ${progress.resumed} images of an earlier run`);
    }
    const last = progress.done === progress.total;
    if (!last && now - this.#said < (this.#talk.terminal ? REDRAW_MS : PAUSE_MS)) return;
    this.#said = now;
    const text = progressText(progress, progress.done - this.#first, (now - this.#began) / 1000);
    if (this.#talk.terminal) this.write(`${bar(progress)} ${text}`);
    else this.#talk.err(`${text}\n`);
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    this.#talk.err(`${text}\n`);
  }
}

function bar({ done, total }: EvaluateProgress): string {
  const filled = total === 0 ? BAR : Math.round((BAR * done) / total);
  return `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}]`;
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
