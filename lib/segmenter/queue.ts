/** One call at a time: an engine has one thread, and two images at once would only cost memory. */
import type { Stop } from './stop.js';

export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `job` after all earlier ones; a call that is stopped while it waits rejects at once. */
  async run<T>(stop: Stop, job: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const result = stop.race(before).then(job);
    // The next one waits for the earlier ones too, even where this one gave up waiting.
    this.#last = Promise.allSettled([before, result]);
    return result;
  }

  /** Settles when everything asked for so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
