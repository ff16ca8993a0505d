/** One engine in this process: pictures one after the other, or several in one pass, in the list's order. */
import type { Dataset } from '../datasets/index.js';
import type { NameSource } from '../names/index.js';
import { ahead } from './ahead.js';
import { ClassIndex } from './class-index.js';
import { Passes } from './passes.js';
import type { FailedPicture, LoadedPicture, Place } from './picture.js';
import { loadPicture } from './picture.js';
import type { Outcome, PicturePool, PoolRun } from './pool.js';
import type { Evaluated } from './types.js';

export class InProcess implements PicturePool {
  readonly names: string;
  readonly batch: number;
  readonly #segmenter: Evaluated;
  readonly #dataset: Dataset;
  readonly #source: NameSource;

  constructor(segmenter: Evaluated, dataset: Dataset, names: NameSource, batch = 1) {
    this.batch = batch;
    this.#segmenter = segmenter;
    this.#dataset = dataset;
    this.#source = names;
    this.names = names.description;
  }

  get info(): Evaluated['info'] {
    return this.#segmenter.info;
  }

  async *work(places: readonly Place[], { settings, prefetch, batch, signal }: PoolRun): AsyncGenerator<Outcome> {
    const dataset = this.#dataset;
    const passes = new Passes({
      segmenter: this.#segmenter,
      dataset,
      names: this.#source,
      classIndex: new ClassIndex(dataset),
      options: settings.options,
      batch: batch ?? this.batch,
      signal,
    });
    let group: (LoadedPicture | FailedPicture)[] = [];
    for await (const loaded of ahead(places, (place) => loadPicture(dataset, place, signal), prefetch)) {
      group.push(loaded);
      if (group.filter(isLoaded).length < passes.size) continue;
      yield* await outcomesOf(passes, group);
      group = [];
    }
    yield* await outcomesOf(passes, group);
  }
}

const isLoaded = (one: LoadedPicture | FailedPicture): one is LoadedPicture => !('error' in one);

async function outcomesOf(passes: Passes, group: readonly (LoadedPicture | FailedPicture)[]): Promise<Outcome[]> {
  const results = (await passes.segment(group.filter(isLoaded)))[Symbol.iterator]();
  return group.map((picture): Outcome => {
    if (!isLoaded(picture)) return picture;
    const { id, place } = picture;
    const result = results.next().value!;
    if (result.status === 'rejected') return { id, place, error: result.reason };
    const { record, predicted } = result.value;
    return { id, record, show: () => Promise.resolve({ picture, predicted }) };
  });
}
