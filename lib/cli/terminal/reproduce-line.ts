/** Progress of the tables: a line that changes on a terminal; elsewhere one a run and one a minute. */
import type { ReproduceProgress } from '../../reproduce/index.js';
import { duration } from '../../words.js';
import { progressText } from './evaluate-line.js';
import type { Io } from './io.js';
import { ProgressLine } from './progress.js';

const PAUSE_MS = 60_000;
const REDRAW_MS = 50;

export class ReproduceLine extends ProgressLine {
  readonly #talk: Io;
  /** By run, since several may go on at once: when it began and was last spoken of, and the pictures that an earlier call had done. */
  readonly #runs = new Map<number, { began: number; said: number; first: number }>();
  /** Of all runs: when the first one began, and the pictures that were open then. */
  #start: { at: number; left: number } | undefined;

  constructor(io: Io) {
    super(io);
    this.#talk = io;
  }

  progress(progress: ReproduceProgress): void {
    const { run, runs, folder, done, total, left } = progress;
    const now = performance.now();
    this.#start ??= { at: now, left };
    const own = this.#runs.get(run) ?? { began: now, said: this.#talk.terminal ? -Infinity : now, first: done };
    this.#runs.set(run, own);
    const finished = done === total;
    if (!finished && now - own.said < (this.#talk.terminal ? REDRAW_MS : PAUSE_MS)) return;
    // A run that was there already is no news.
    if (finished && own.first === total && !this.#talk.terminal) return;
    own.said = now;
    const fresh = this.#start.left - left;
    const all =
      fresh > 0 && run < runs ? ` (about ${duration((left * (now - this.#start.at)) / 1000 / fresh)} for all)` : '';
    const text = `run ${run} of ${runs}${all}: ${progressText(progress, done - own.first, (now - own.began) / 1000)}, ${folder}`;
    if (this.#talk.terminal) this.write(text);
    else this.#talk.err(`${text}\n`);
  }
}
