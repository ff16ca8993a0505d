/** Whether a call is to end early: its own signal, or the segmenter's disposal. */
import { InvSegError } from '../errors.js';
import { onAbort } from './on-abort.js';

export class Stop {
  readonly #closing: AbortSignal;
  readonly #signal: AbortSignal | undefined;

  constructor(closing: AbortSignal, signal?: AbortSignal) {
    this.#closing = closing;
    this.#signal = signal;
  }

  #reason(): InvSegError | undefined {
    if (this.#closing.aborted) return new InvSegError('DISPOSED', 'The segmenter was disposed before this call ended.');
    if (this.#signal?.aborted) {
      return new InvSegError('ABORTED', 'The call was aborted.', { cause: this.#signal.reason });
    }
    return undefined;
  }

  /** @throws {InvSegError} `ABORTED` or `DISPOSED` */
  check(): void {
    const reason = this.#reason();
    if (reason) throw reason;
  }

  /** Waits for `work`, or rejects as soon as the call is to end. */
  async race(work: Promise<unknown>): Promise<void> {
    this.check();
    const signals = [this.#closing, this.#signal].filter((signal) => signal !== undefined);
    let stop = (): void => {};
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const leave = signals.map((signal) => onAbort(signal, stop));
    try {
      await Promise.race([work, stopped]);
    } finally {
      for (const end of leave) end();
    }
    this.check();
  }
}
