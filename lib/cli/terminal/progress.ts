/** How far it is: one line that changes on a terminal, nothing between results elsewhere. */
import type { Progress } from '../../segmenter/index.js';
import type { Io } from './io.js';
import { printable } from './printable.js';

const BAR = 20;
const words = { decode: 'reading', encode: 'encoding', step: 'inverting', predict: 'segmenting' } as const;

export class ProgressLine {
  readonly #io: Io;
  #shown = false;

  constructor(io: Io) {
    this.#io = io;
  }

  /** @param title what is worked on, such as `cat.jpg (2 of 5)` */
  show(title: string, { stage, step, steps, loss }: Progress): void {
    if (!this.#io.terminal) return;
    const done = stage === 'predict' ? steps : step;
    const filled = steps === 0 ? BAR : Math.round((BAR * done) / steps);
    const bar = `[${'#'.repeat(filled)}${' '.repeat(BAR - filled)}]`;
    const line = `${bar} ${done}/${steps} ${words[stage]}${loss ? ` loss ${loss.total.toFixed(4)}` : ''} ${title}`;
    this.write(line);
  }

  write(line: string): void {
    if (!this.#io.terminal) return;
    // One column short: a full line would wrap and could not be taken back.
    this.#control(`\r\u001b[K${[...printable(line)].slice(0, this.#io.terminal.columns - 1).join('')}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#control('\r\u001b[K');
    this.#shown = false;
  }

  #control(text: string): void {
    if (this.#io.control) this.#io.control(text);
    else this.#io.err(text);
  }
}
