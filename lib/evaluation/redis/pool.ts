/** Pictures over Redis: workers of any host take them, the journal stays here. */
import type { Job, Queue } from 'bullmq';
import type { Dataset } from '../../datasets/index.js';
import { InvSegError } from '../../errors.js';
import { checkMask } from '../masks.js';
import type { Place } from '../picture.js';
import type { EngineFacts, Outcome, PicturePool, PoolRun } from '../pool.js';
import type { RemoteResult } from '../remote.js';
import { outcomeOf } from '../remote.js';
import type { RunSettings } from '../types.js';
import type { JobData, JobResult } from './jobs.js';
import { decodeResult, jobId, jobOptions } from './jobs.js';
import type { RedisLink } from './link.js';
import { PREFIX, Registry, runName, settingsHash } from './registry.js';
import { pause, unlessAborted } from './wait.js';

export interface QueuePoolOptions {
  link: RedisLink;
  /** What the run asks of its workers. */
  info: EngineFacts;
  names: string;
  dataset: Dataset;
  /** Folder of the run; a part of the queue's name. */
  out: string;
  /** Default: from the run. */
  queueName?: string | undefined;
  /** Throw away what an earlier evaluator left under the name. */
  restart?: boolean | undefined;
  onNote: (text: string) => void;
}

type PictureQueue = Queue<JobData, JobResult, 'picture'>;

/** Results taken at once. */
const BATCH = 100;
/** Between two looks for results, milliseconds. */
const LOOK = 200;
/** Between two looks at what Redis still has, and of the sign of life, milliseconds. */
const REVIEW = 5_000;
/** Without a sign of life, an evaluator has ended, milliseconds. */
const GONE = 3 * REVIEW;
/** Without a result, milliseconds: a line for the user. */
const SILENCE = 60_000;
/** What an evaluator that never came back left there goes after a week, milliseconds. */
const FORGOTTEN = 7 * 24 * 3600 * 1000;
/** Redis may be away for good when a run ends, milliseconds. */
const FAREWELL = 5_000;
const states = ['wait', 'active', 'delayed', 'prioritized', 'completed', 'failed'] as const;

export class QueuePool implements PicturePool {
  readonly info: EngineFacts;
  readonly names: string;
  readonly #options: QueuePoolOptions;
  readonly #registry: Registry;
  #name = '';
  /** Without an outcome. */
  #open = new Map<string, Place>();

  constructor(options: QueuePoolOptions) {
    this.#options = options;
    this.info = options.info;
    this.names = options.names;
    this.#registry = new Registry(options.link.client);
  }

  async *work(places: readonly Place[], { settings, signal }: PoolRun): AsyncGenerator<Outcome> {
    const { link, queueName, out } = this.#options;
    const name = (this.#name = queueName ?? runName(settings, out));
    const guard = <T>(work: Promise<T>): Promise<T> =>
      unlessAborted(work, signal).catch((error: unknown) => Promise.reject(this.#failed(error)));
    await guard(this.#claim(settings));
    const queue = this.#queue(name);
    try {
      this.#open = new Map(places.map((place) => [jobId(place), place]));
      await guard(this.#begin(queue, settings));
      if (places.length > 0)
        this.#note(
          `${name}: ${places.length} images are in the queue; take part with: invseg worker --queue ${link.url.shown} …`,
        );
      yield* this.#collect(queue, settings, guard, signal);
    } finally {
      // A run that ended here in order leaves nothing; after a kill, the next start goes on with what is there.
      await this.#leave();
      await queue.close().catch(link.hear);
    }
  }

  #queue(name: string): PictureQueue {
    const { link } = this.#options;
    const queue: PictureQueue = new link.bullmq.Queue(name, {
      connection: link.client,
      prefix: PREFIX,
      streams: { events: { maxLen: BATCH } },
    });
    queue.on('error', link.hear);
    return queue;
  }

  async *#collect(
    queue: PictureQueue,
    settings: RunSettings,
    guard: <T>(work: Promise<T>) => Promise<T>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Outcome> {
    let [reviewed, heard, told] = [Date.now(), Date.now(), false];
    while (this.#open.size > 0) {
      const jobs = await guard(queue.getJobs(['completed', 'failed'], 0, BATCH - 1));
      for (const job of jobs) {
        const outcome = await this.#outcome(job);
        // While it is yielded it gets into the journal; until then Redis keeps it.
        if (outcome) yield outcome;
        await guard(job.remove());
        [heard, told] = [Date.now(), false];
      }
      if (jobs.length > 0) continue;
      if (Date.now() - reviewed >= REVIEW) {
        reviewed = Date.now();
        const inHand = await guard(this.#review(queue, settings));
        if (!told && Date.now() - heard >= SILENCE) {
          told = true;
          this.#note(
            `${this.#name}: no result for a minute; ${inHand} images are in progress, ${this.#open.size - inHand} are waiting. Is an invseg worker running for this run? A worker says why it skips one`,
          );
        }
      }
      await pause(LOOK, signal);
    }
  }

  /** @throws {InvSegError} `INVALID_OPTION` where the name is another run's */
  async #claim(settings: RunSettings): Promise<void> {
    await this.#forget();
    const { restart } = this.#options;
    const there = await this.#registry.get(this.#name);
    if (
      there &&
      settingsHash(there.settings) !== settingsHash(settings) &&
      (!restart || Date.now() - there.seen < GONE)
    ) {
      throw new InvSegError(
        'INVALID_OPTION',
        `Expected a queue of its own for this run but ${this.#name} is another run's; choose another --queue-name, or add --restart when nobody waits for that run any more`,
      );
    }
    if (restart) await this.#wipe(this.#name);
    await this.#registry.put(this.#name, settings);
  }

  /** What failed for an earlier evaluator is tried again; what is there already is not put there twice. */
  async #begin(queue: PictureQueue, settings: RunSettings): Promise<void> {
    for (const job of await queue.getJobs(['failed'])) await job.remove();
    await this.#enqueue(queue, settings);
  }

  async #enqueue(queue: PictureQueue, settings: RunSettings): Promise<void> {
    const run = settingsHash(settings);
    const all = [...this.#open.values()];
    for (let from = 0; from < all.length; from += BATCH) {
      await queue.addBulk(
        all.slice(from, from + BATCH).map(({ id, place }) => ({
          name: 'picture' as const,
          data: { id, place, run },
          opts: jobOptions({ id, place }),
        })),
      );
    }
  }

  /** A sign of life; and a Redis that came back without its memory gets the pictures again. @returns pictures in hand */
  async #review(queue: PictureQueue, settings: RunSettings): Promise<number> {
    await this.#registry.put(this.#name, settings);
    const counts = await queue.getJobCounts(...states);
    const there = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (there < this.#open.size) {
      await this.#enqueue(queue, settings);
      this.#note(`${this.#name}: Redis had lost ${this.#open.size - there} images; they are in the queue again`);
    }
    return counts.active ?? 0;
  }

  /** @returns undefined for a picture that has one already: counted before a kill, or worked on twice */
  async #outcome(job: Job<JobData, JobResult>): Promise<Outcome | undefined> {
    const place = this.#open.get(job.id ?? '');
    if (!place) return undefined;
    this.#open.delete(job.id!);
    const { dataset } = this.#options;
    const result = this.#result(job, place);
    // What the worker compared with has to be what is here.
    const error: unknown =
      'record' in result &&
      (await checkMask(dataset, place.id, result.record.mask).then(
        () => undefined,
        (reason: unknown) => reason,
      ));
    return error ? { ...place, error } : outcomeOf(place, result, dataset);
  }

  #result(job: Job<JobData, JobResult>, place: Place): RemoteResult {
    const result = decodeResult(job.returnvalue, place, this.#options.dataset.classes.length);
    if (result) return result;
    if (job.returnvalue)
      return {
        failure: {
          code: 'WORKER_LOST',
          message: `${place.id}: the queue returned something other than a result for this image`,
        },
      };
    // Its workers said nothing any more: a picture that they could not use comes back as a result.
    const why = this.#options.link.url.mask(job.failedReason ?? 'no result');
    return {
      failure: {
        code: 'WORKER_LOST',
        message: `${place.id}: the workers that had it ended, or stopped answering (${why})`,
      },
    };
  }

  async #leave(): Promise<void> {
    const { link } = this.#options;
    const gone = this.#wipe(this.#name).then(() => true, link.hear);
    if ((await Promise.race([gone, pause(FAREWELL)])) === true) return;
    this.#note(`${this.#name}: Redis is away, and keeps what is in this queue; the same command takes it up again`);
  }

  async #forget(): Promise<void> {
    for (const [name, { seen }] of await this.#registry.list()) {
      if (Date.now() - seen >= FORGOTTEN && name !== this.#name) await this.#wipe(name);
    }
  }

  /** First the entry: workers leave the run before its pictures go. */
  async #wipe(name: string): Promise<void> {
    await this.#registry.remove(name);
    const queue = this.#queue(name);
    await queue.obliterate({ force: true });
    await queue.close();
  }

  #note(text: string): void {
    this.#options.onNote(text);
  }

  /** Without the cause: an error of the client may hold a command, and AUTH holds the password. */
  #failed(error: unknown): InvSegError {
    if (error instanceof InvSegError) return error;
    const { url } = this.#options.link;
    return new InvSegError(
      'QUEUE_FAILED',
      `${url.shown}: ${url.mask((error as Error).message)}; what was counted is in the journal`,
    );
  }
}
