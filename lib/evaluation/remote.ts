/** A picture's way to another process or host and back: what crosses is JSON and the packed labels. */
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { Dataset } from '../datasets/index.js';
import type { ErrorCode } from '../errors.js';
import { InvSegError } from '../errors.js';
import { Passes } from './passes.js';
import type { FailedPicture, LoadedPicture, PictureTask, Place, SegmentedPicture } from './picture.js';
import { loadPicture } from './picture.js';
import type { Outcome, ShownPicture } from './pool.js';
import { belowRoot } from './settings.js';
import type { PictureRecord } from './types.js';

/** An error without its stack, its cause and its root. */
export interface Failure {
  code: ErrorCode;
  message: string;
}

/** @typeParam Labels `Uint8Array` between processes, text (base64) over Redis */
export type RemoteResult<Labels = Uint8Array> = { record: PictureRecord; labels: Labels } | { failure: Failure };

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Who is next; shared by tasks on one engine. It carries no value: that would keep a picture while nobody asks for the next. */
export interface Turns {
  last: Promise<void>;
}

/** A picture that is being read or waits for the engine, and who waits for it. */
interface Waiting {
  loading: Promise<LoadedPicture | FailedPicture>;
  resolve(picture: SegmentedPicture): void;
  reject(error: unknown): void;
}

/**
 * One engine that is asked for several pictures at once: all are read at once, and segmented one after the other or `task.batch`
 * in one pass, as many as were asked for when their turn comes.
 */
export class RemoteEngine {
  readonly #task: PictureTask;
  readonly #passes: Passes;
  readonly #waiting: Waiting[] = [];
  readonly #turns: Turns;

  constructor(task: PictureTask, turns: Turns = RemoteEngine.turns()) {
    this.#task = task;
    this.#passes = new Passes(task);
    this.#turns = turns;
  }

  static turns(): Turns {
    return { last: Promise.resolve() };
  }

  /** Never rejects. */
  async work(place: Place): Promise<RemoteResult> {
    const { dataset, signal } = this.#task;
    try {
      const loading = loadPicture(dataset, place, signal);
      const asked = new Promise<SegmentedPicture>((resolve, reject) =>
        this.#waiting.push({ loading, resolve, reject }),
      );
      this.#turns.last = this.#turns.last.then(() => this.#pass());
      const { record, predicted } = await asked;
      return { record, labels: await packLabels(predicted) };
    } catch (error) {
      return { failure: failureOf(error, place.id, dataset) };
    }
  }

  /** A turn; it finds nothing where an earlier one took its picture along. */
  async #pass(): Promise<void> {
    const [first] = this.#waiting;
    if (!first) return;
    await first.loading; // others are asked for meanwhile
    const pass = this.#waiting.splice(0, this.#passes.size);
    const loaded: { picture: LoadedPicture; asked: Waiting }[] = [];
    for (const asked of pass) {
      const picture = await asked.loading;
      if ('error' in picture) asked.reject(picture.error);
      else loaded.push({ picture, asked });
    }
    const results = await this.#passes.segment(loaded.map(({ picture }) => picture));
    for (const [i, result] of results.entries()) {
      const { asked } = loaded[i]!;
      if (result.status === 'fulfilled') asked.resolve(result.value);
      else asked.reject(result.reason);
    }
  }
}

/** @param outcome what another process made of the picture @param dataset this process's own, for pictures that are shown */
export function outcomeOf({ id, place }: Place, outcome: RemoteResult, dataset: Dataset): Outcome {
  if ('failure' in outcome) return { id, place, error: new InvSegError(outcome.failure.code, outcome.failure.message) };
  const { record, labels } = outcome;
  return { id, record, show: () => shownPicture({ id, place }, labels, dataset) };
}

/** A host that hands out pictures need not have them: then the report shows none. */
async function shownPicture(place: Place, labels: Uint8Array, dataset: Dataset): Promise<ShownPicture | undefined> {
  const picture = await loadPicture(dataset, place, undefined);
  if ('error' in picture) return undefined;
  return { picture, predicted: await unpackLabels(labels, picture.width * picture.height) };
}

export const packLabels = (labels: Uint8Array): Promise<Uint8Array> => deflate(labels, { level: 1 });

/** @throws {InvSegError} `SHAPE_MISMATCH` for anything but `length` labels: the picture is another one there than here */
export async function unpackLabels(packed: Uint8Array, length: number): Promise<Uint8Array> {
  const labels = await inflate(packed, { maxOutputLength: length }).catch(() => undefined);
  if (labels?.length === length) return labels;
  throw new InvSegError(
    'SHAPE_MISMATCH',
    `Expected ${length} predicted labels of another process but received ${labels?.length ?? 'something else'}; have both the same images?`,
  );
}

export function failureOf(error: unknown, id: string, dataset: Pick<Dataset, 'root'>): Failure {
  const own = error instanceof InvSegError;
  const { code, message } = belowRoot(
    { id, code: own ? error.code : 'INTERNAL', message: error instanceof Error ? error.message : String(error) },
    dataset,
  );
  return { code, message };
}
