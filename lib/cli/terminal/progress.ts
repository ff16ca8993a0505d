/** How far it is: a line that changes on a terminal; in a log a line now and then, or none. */
import type { Progress } from '../../segmenter/index.js';
import { bar } from '../../words.js';
import type { Io } from './io.js';
import { printable } from './printable.js';

/** What is said of a state; a share from 0 to 1 is a bar before it on a terminal. Undefined is no news. */
export type Shown = string | { share: number; text: string } | undefined;

/** Milliseconds between two states that are said. */
interface Pace {
  terminal?: number;
  /** Infinity says nothing. */
  log?: number;
}

export class ProgressLine<State = string> {
  readonly #io: Io;
  readonly #show: (state: State) => Shown;
  readonly #pace: number;
  #said = -Infinity;
  #drawn = false;

  /** @param show asked for every state, also for those that are not said: it may count */
  constructor(io: Io, show: (state: State) => Shown, { terminal = 0, log = Infinity }: Pace = {}) {
    this.#io = io;
    this.#show = show;
    this.#pace = io.terminal ? terminal : log;
  }

  /** @param last whether it is the end, which is said at once */
  update(state: State, last = false): void {
    const shown = this.#show(state);
    const now = performance.now();
    if (this.#pace === Infinity || (!last && now - this.#said < this.#pace)) return;
    this.#said = now;
    if (shown === undefined) return;
    const { text, share } = typeof shown === 'string' ? { text: shown, share: undefined } : shown;
    if (this.#io.terminal) this.write(share === undefined ? text : `${bar(share)} ${text}`);
    else this.#io.err(`${text}\n`);
  }

  /** A line on a terminal, whatever the pace. */
  write(line: string): void {
    if (!this.#io.terminal) return;
    // One column short: a full line would wrap and could not be taken back.
    this.#control(`\r\u001b[K${[...printable(line)].slice(0, this.#io.terminal.columns - 1).join('')}`);
    this.#drawn = true;
  }

  /** A line that stays. */
  note(text: string): void {
    this.clear();
    this.#io.err(`${text}\n`);
  }

  clear(): void {
    if (this.#drawn) this.#control('\r\u001b[K');
    this.#drawn = false;
  }

  #control(text: string): void {
    if (this.#io.control) this.#io.control(text);
    else this.#io.err(text);
  }
}

const words = { decode: 'reading', encode: 'encoding', step: 'inverting', predict: 'segmenting' } as const;

/** Of one image, and what is worked on, such as `cat.jpg (2 of 5)`. */
export type ImageProgress = Progress & { title: string };

export function imageProgress({ title, stage, step, steps, loss }: ImageProgress): Shown {
  const done = stage === 'predict' ? steps : step;
  const text = `${done}/${steps} ${words[stage]}${loss ? ` loss ${loss.total.toFixed(4)}` : ''} ${title}`;
  return { share: steps === 0 ? 1 : done / steps, text };
}
