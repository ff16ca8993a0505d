/** A caller's callback: what it throws, or what its promise is rejected with, ends the call that it listens to. */
export class Listener<Arguments extends unknown[]> {
  readonly #callback: ((...args: Arguments) => unknown) | undefined;
  readonly #pending = new Set<Promise<void>>();
  #failed: { error: unknown } | undefined;

  constructor(callback: ((...args: Arguments) => unknown) | undefined) {
    this.#callback = callback;
  }

  /**
   * Does not wait for an async callback. @throws what the callback throws, or what an earlier call of it was rejected
   * with
   */
  tell(...args: Arguments): void {
    this.check();
    const answer = this.#callback?.(...args);
    if (typeof (answer as PromiseLike<unknown> | undefined)?.then !== 'function') return;
    const pending: Promise<void> = Promise.resolve(answer).then(
      () => void this.#pending.delete(pending),
      (error: unknown) => {
        this.#pending.delete(pending);
        this.#failed ??= { error };
      },
    );
    this.#pending.add(pending);
  }

  /** @throws what a call of the callback was rejected with */
  check(): void {
    if (this.#failed) throw this.#failed.error;
  }

  /** Waits for what async callbacks still do. @throws as `check` */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    this.check();
  }
}
