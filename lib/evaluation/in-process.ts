/** One engine in this process: pictures one after the other, in the list's order. */
import type { Dataset } from '../datasets/index.js';
import type { NameSource } from '../names/index.js';
import { ahead } from './ahead.js';
import { ClassIndex } from './names.js';
import type { FailedPicture, LoadedPicture, PictureTask, Place } from './picture.js';
import { loadPicture, segmentPicture } from './picture.js';
import type { Outcome, PicturePool, PoolRun } from './pool.js';
import type { Evaluated } from './types.js';

export class InProcess implements PicturePool {
  readonly names: string;
  readonly #segmenter: Evaluated;
  readonly #dataset: Dataset;
  readonly #source: NameSource;

  constructor(segmenter: Evaluated, dataset: Dataset, names: NameSource) {
    this.#segmenter = segmenter;
    this.#dataset = dataset;
    this.#source = names;
    this.names = names.description;
  }

  get info(): Evaluated['info'] {
    return this.#segmenter.info;
  }

  async *work(places: readonly Place[], { settings, prefetch, signal }: PoolRun): AsyncGenerator<Outcome> {
    const dataset = this.#dataset;
    const task = {
      segmenter: this.#segmenter,
      dataset,
      names: this.#source,
      classIndex: new ClassIndex(dataset),
      options: settings.options,
      signal,
    };
    for await (const loaded of ahead(places, (place) => loadPicture(dataset, place, signal), prefetch))
      yield await outcomeOf(task, loaded);
  }
}

async function outcomeOf(task: PictureTask, loaded: LoadedPicture | FailedPicture): Promise<Outcome> {
  if ('error' in loaded) return loaded;
  const { id, place } = loaded;
  try {
    const { record, predicted } = await segmentPicture(task, loaded);
    return { id, record, show: () => Promise.resolve({ picture: loaded, predicted }) };
  } catch (error) {
    return { id, place, error };
  }
}
