/** A picture that is decoded at its turn, or while the one before it is worked on. */
import type { DecodedImage, DecodeOptions, ImageInput } from '../image/index.js';
import { decodeImage } from '../image/index.js';

/** Pictures that are decoded before their turn, at most. */
export const DECODED_AHEAD = 2;

export class Decoding {
  readonly #input: ImageInput;
  readonly #options: DecodeOptions;
  #begun: Promise<DecodedImage> | undefined;

  constructor(input: ImageInput, options: DecodeOptions = {}) {
    this.#input = input;
    this.#options = options;
  }

  /** What goes wrong is said by `take`. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = decodeImage(this.#input, this.#options);
    this.#begun.catch(() => {});
  }

  /** For its one user: nothing is kept here afterwards. @throws {InvSegError} what `decodeImage` throws */
  take(): Promise<DecodedImage> {
    const begun = this.#begun ?? decodeImage(this.#input, this.#options);
    this.#begun = undefined;
    return begun;
  }
}
