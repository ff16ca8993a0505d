/** The images of `segmentAll`, taken a pass at a time from whatever iterates over them; a few are read before their turn. */
import { isPlainObject, refuse, show } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { Decoding } from './decoding.js';
import type { Stop } from './stop.js';
import type { BatchImage } from './types.js';

/** An image as the source gave it, which need not be one. */
export interface GivenImage {
  image: BatchImage;
  picture: Decoding;
}

export class Source {
  readonly #iterator: Iterator<BatchImage> | AsyncIterator<BatchImage>;
  readonly #stop: Stop;
  readonly #ready: GivenImage[] = [];
  /** One read after the other. */
  #reading: Promise<void> = Promise.resolve();
  #ended = false;
  #failed: { error: unknown } | undefined;

  constructor(images: Iterable<BatchImage> | AsyncIterable<BatchImage>, stop: Stop) {
    const make: unknown =
      Symbol.asyncIterator in images ? images[Symbol.asyncIterator] : (images as Iterable<BatchImage>)[Symbol.iterator];
    if (typeof make !== 'function') throw noIterator(make);
    const iterator: unknown = Reflect.apply(make, images, []);
    if (
      typeof iterator !== 'object' ||
      iterator === null ||
      typeof (iterator as Iterator<BatchImage>).next !== 'function'
    )
      throw noIterator(iterator);
    this.#iterator = iterator as Iterator<BatchImage>;
    this.#stop = stop;
  }

  /** Nothing more comes. */
  get ended(): boolean {
    return this.#ended && this.#ready.length === 0;
  }

  /**
   * At most `count` images, fewer at the end and where the source fails (see `check`).
   * @throws {InvSegError} `ABORTED` or `DISPOSED`, at once, also while the source waits
   */
  async take(count: number): Promise<GivenImage[]> {
    await this.#read(count, false);
    return this.#ready.splice(0, count);
  }

  /** Reads at most `count` images before they are asked for, and begins to decode them. What goes wrong is said by `take` and `check`. */
  readAhead(count: number): void {
    this.#read(count, true).catch(() => {});
  }

  #read(count: number, decode: boolean): Promise<void> {
    const read = this.#reading.then(() => this.#fill(count, decode));
    this.#reading = read.catch(() => {});
    return read;
  }

  async #fill(count: number, decode: boolean): Promise<void> {
    while (this.#ready.length < count && !this.#ended) {
      let next: IteratorResult<BatchImage> | undefined;
      try {
        await this.#stop.race(Promise.resolve(this.#iterator.next()).then((result) => void (next = result)));
      } catch (error) {
        this.#stop.check();
        this.#ended = true;
        this.#failed = { error };
        break;
      }
      if (typeof next !== 'object' || next === null) {
        this.#ended = true;
        this.#failed = { error: noIterator(next) };
        break;
      }
      if (next.done) this.#ended = true;
      else {
        const image = kept(next.value);
        const { input } = (image ?? {}) as BatchImage;
        const picture = new Decoding(input);
        if (decode) picture.begin();
        this.#ready.push({ image, picture });
      }
    }
  }

  /** @throws what the source threw, once what it gave before is done */
  check(): void {
    if (this.#failed && this.#ready.length === 0) throw this.#failed.error;
  }

  /** Tells the source that nobody asks for more; does not wait for one that may be waiting itself. */
  async leave(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true; // also for a read that is under way
    const left = Promise.resolve(this.#iterator.return?.()).catch(() => {});
    await Promise.race([left, new Promise((resolve) => setImmediate(resolve))]);
  }
}

/** Bytes are copied: who reads frames into one buffer fills it again for the next. */
function kept(image: BatchImage): BatchImage {
  const input: unknown = (image as Partial<BatchImage> | null | undefined)?.input;
  if (input instanceof Uint8Array) return { ...image, input: Uint8Array.from(input) };
  const data: unknown = isPlainObject(input) ? input['data'] : undefined;
  if (data instanceof Uint8Array)
    return { ...image, input: { ...(input as object), data: Uint8Array.from(data) } as BatchImage['input'] };
  return image;
}

/** @throws {InvSegError} `INVALID_OPTION` for what is no `{ input, categories }` */
export function checkImage(image: BatchImage, index: number): void {
  const name = `images[${index}]`;
  if (!isPlainObject(image)) refuse(name, 'an object with input and categories', image);
  for (const key of Object.keys(image)) {
    if (key !== 'input' && key !== 'categories') {
      refuse(`${name}.${key}`, 'input and categories alone, since options are those of all images', image[key]);
    }
  }
}

export function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

const noIterator = (value: unknown): InvSegError =>
  new InvSegError('INVALID_OPTION', `Expected images to be iterable but its iterator gave ${show(value)}`);
