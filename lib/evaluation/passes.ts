/** Pictures through the engine, several in one pass, and in smaller passes where its memory does not hold so many. */
import { InvSegError } from '../errors.js';
import type { SegmentResult } from '../segmenter/index.js';
import { settled } from '../settled.js';
import type { LoadedPicture, NamedPicture, PictureTask, SegmentedPicture } from './picture.js';
import { namePicture, recordPicture } from './picture.js';

export type PictureResult = PromiseSettledResult<SegmentedPicture>;

export class Passes {
  readonly #task: PictureTask;
  #size: number;

  /** @throws {InvSegError} `INVALID_OPTION` where several are asked of a segmenter that takes one at a time */
  constructor(task: PictureTask) {
    if (task.batch > 1 && typeof task.segmenter.segmentAll !== 'function')
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected a segmenter with segmentAll for batch ${task.batch}; leave batch out, or give a Segmenter`,
      );
    this.#task = task;
    this.#size = task.batch;
  }

  /** Pictures in one pass, at most: fewer than were asked for once memory ran out. */
  get size(): number {
    return this.#size;
  }

  /** @returns what became of each, in their order; never rejects */
  async segment(pictures: readonly LoadedPicture[]): Promise<PictureResult[]> {
    const results = new Map<LoadedPicture, PictureResult>();
    const named: NamedPicture[] = [];
    for (const picture of pictures) {
      const one = await settled(() => namePicture(this.#task, picture));
      if (one.status === 'rejected') results.set(picture, one);
      else if (one.value.labels.length > 0) named.push(one.value);
      else results.set(picture, await this.#record(one.value, undefined, { pictures: 1, milliseconds: 0 }));
    }
    for (const [picture, result] of await this.#inPasses(named)) results.set(picture, result);
    return pictures.map((picture) => results.get(picture)!);
  }

  async #inPasses(named: readonly NamedPicture[]): Promise<Map<LoadedPicture, PictureResult>> {
    const results = new Map<LoadedPicture, PictureResult>();
    const waiting = [...named];
    const alone: NamedPicture[] = [];
    while (waiting.length > 0 || alone.length > 0) {
      const pass = waiting.length > 0 ? waiting.splice(0, this.#size) : alone.splice(0, 1);
      const outcomes = await this.#pass(pass);
      const tight = outcomes.some((one) => pass.length > 1 && isOutOfMemory(one));
      if (tight) this.#size = pass.length >> 1;
      const again: NamedPicture[] = [];
      for (const [i, outcome] of outcomes.entries()) {
        const one = pass[i]!;
        if (tight && isOutOfMemory(outcome)) again.push(withWarning(one, halved(pass.length, this.#size)));
        // What failed for all at once is the fault of one of them, or of none.
        else if (isShared(outcome, outcomes)) alone.push(one);
        else results.set(one.picture, outcome);
      }
      waiting.unshift(...again);
    }
    return results;
  }

  async #pass(pass: readonly NamedPicture[]): Promise<PictureResult[]> {
    const began = performance.now();
    const outcomes = pass.length === 1 ? [await settled(() => this.#one(pass[0]!))] : await this.#together(pass);
    const spent = performance.now() - began;
    const results: PictureResult[] = [];
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        results.push(outcome);
        continue;
      }
      const milliseconds = pass.length === 1 ? outcome.value.timings.total : spent;
      results.push(await this.#record(pass[i]!, outcome.value, { pictures: pass.length, milliseconds }));
    }
    return results;
  }

  #one({ image, labels }: NamedPicture): Promise<SegmentResult> {
    const { segmenter, signal } = this.#task;
    return segmenter.segment(image, { ...this.#options(), categories: this.#words(labels), signal });
  }

  async #together(pass: readonly NamedPicture[]): Promise<PromiseSettledResult<SegmentResult>[]> {
    const { segmenter, signal } = this.#task;
    const images = pass.map(({ image, labels }) => ({ input: image, categories: this.#words(labels) }));
    const outcomes: PromiseSettledResult<SegmentResult>[] = [];
    try {
      for await (const { result, error } of segmenter.segmentAll!(images, {
        ...this.#options(),
        batch: pass.length,
        signal,
      }))
        outcomes.push(result ? { status: 'fulfilled', value: result } : { status: 'rejected', reason: error });
      return outcomes;
    } catch (reason) {
      return pass.map((_, i) => outcomes[i] ?? { status: 'rejected', reason });
    }
  }

  #options() {
    const { options, dataset } = this.#task;
    return { ...options, saveMaps: !dataset.hasBackground };
  }

  #words(labels: readonly number[]): string[] {
    return labels.map((label) => this.#task.dataset.classes[label]!.prompt);
  }

  #record(
    named: NamedPicture,
    result: SegmentResult | undefined,
    pass: { pictures: number; milliseconds: number },
  ): Promise<PictureResult> {
    return settled(async () => recordPicture(this.#task, named, result, pass));
  }
}

const codeOf = (one: PromiseSettledResult<unknown>): unknown =>
  one.status === 'rejected' ? (one.reason as Partial<InvSegError> | null)?.code : undefined;

const isOutOfMemory = (one: PromiseSettledResult<unknown>): boolean => codeOf(one) === 'OUT_OF_MEMORY';

/** One error for several pictures, which no other picture would meet: the end of the call is everybody's. */
function isShared(one: PromiseSettledResult<unknown>, all: readonly PromiseSettledResult<unknown>[]): boolean {
  if (one.status === 'fulfilled' || ends.has(codeOf(one))) return false;
  return all.some((other) => other !== one && other.status === 'rejected' && other.reason === one.reason);
}

const ends: ReadonlySet<unknown> = new Set(['ABORTED', 'DISPOSED', 'INVALID_OPTION']);

const halved = (pictures: number, size: number): string =>
  `Out of memory with ${pictures} images in one pass of the engine; from then on ${size} in one`;

const withWarning = (named: NamedPicture, warning: string): NamedPicture => ({
  ...named,
  warnings: [...named.warnings, warning],
});
