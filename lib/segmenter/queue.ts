/** One call at a time: an engine has one thread, and two images at once would only cost memory. */
import type { Stop } from './stop.js';

const forget = (): void => {};

export class Queue {
  // Carries no value: a promise keeps what it was fulfilled with, and a chain of results would keep every one of them.
  #last: Promise<void> = Promise.resolve();

  /** Runs `job` after all earlier ones; a call that is stopped while it waits rejects at once. */
  async run<T>(stop: Stop, job: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const result = stop.race(before).then(job);
    const ended = result.then(forget, forget);
    // The next one waits for the earlier ones too, even where this one gave up waiting.
    this.#last = before.then(() => ended);
    return result;
  }

  /** Settles when everything asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
