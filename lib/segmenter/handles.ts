/** Native handles of one call, freed together however it ends. */
export class Handles {
  readonly #held: { dispose(): void }[] = [];

  own<T extends { dispose(): void }>(handle: T): T {
    this.#held.push(handle);
    return handle;
  }

  /** The last one first: an inversion holds its image and embedding. */
  dispose(): void {
    for (let handle = this.#held.pop(); handle; handle = this.#held.pop()) handle.dispose();
  }
}
