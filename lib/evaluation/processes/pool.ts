/** Engines in processes of their own on this host, one a device. */
import type { Dataset } from '../../datasets/index.js';
import { InvSegError } from '../../errors.js';
import type { MethodOptions } from '../../options/index.js';
import type { Place } from '../picture.js';
import type { EngineFacts, Outcome, PicturePool, PoolRun } from '../pool.js';
import type { RemoteResult } from '../remote.js';
import { outcomeOf } from '../remote.js';
import { Backlog, MOST_LOSSES } from './backlog.js';
import type { SlotEvents, Spawn } from './slot.js';
import { Slot, spawnEntry } from './slot.js';

export interface ProcessPoolOptions {
  /** `cuda:0`, `cuda:1`, …, one a process; a device may stand there twice. */
  devices: readonly string[];
  /** Module that calls `serveParent`; or what stands for a process. */
  entry: string | Spawn;
  /** Plain data for the module's `open`. */
  setup: unknown;
  /** For the pictures that the report shows. */
  dataset: Dataset;
  /** Pictures in one pass of each process, as `setup` has it; default 1. */
  batch?: number | undefined;
  /** Ends, restarts: one line each. */
  onNote?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Outcomes that wait for the journal; beyond it no picture is handed out. */
const MOST_WAITING = 64;

export class ProcessPool implements PicturePool, AsyncDisposable {
  readonly #slots: Slot[];
  readonly #options: ProcessPoolOptions;
  readonly #waiting: Outcome[] = [];
  #facts: { info: EngineFacts; names: string } | undefined;
  #error: InvSegError | undefined;
  #backlog = new Backlog([]);
  #busy = false;
  /** Of the run that is worked on. */
  #method: MethodOptions | undefined;
  /** Pictures in the hand of a process. */
  #most = 1;
  #wake = (): void => {};

  private constructor(options: ProcessPoolOptions) {
    const { devices, entry, setup } = options;
    this.#options = options;
    const spawn = typeof entry === 'string' ? spawnEntry(entry) : entry;
    this.#slots = devices.map((device) => new Slot(device, setup, spawn, this.#events()));
  }

  /**
   * Starts a process a device; it is open when the first of them is ready.
   * @throws {InvSegError} what an engine says that cannot be opened; `WORKER_LOST`; `ABORTED`
   */
  static async open(options: ProcessPoolOptions): Promise<ProcessPool> {
    const pool = new ProcessPool(options);
    try {
      for (const slot of pool.#slots) slot.start();
      await pool.#until(() => pool.#facts !== undefined, options.signal);
      return pool;
    } catch (error) {
      await pool[Symbol.asyncDispose]();
      throw error;
    }
  }

  get info(): EngineFacts {
    return this.#facts!.info;
  }

  get names(): string {
    return this.#facts!.names;
  }

  get batch(): number {
    return this.#options.batch ?? 1;
  }

  async *work(
    places: readonly Place[],
    { settings, prefetch, batch = this.batch, signal }: PoolRun,
  ): AsyncGenerator<Outcome> {
    if (this.#error) throw this.#error;
    if (this.#busy)
      throw new InvSegError('INVALID_OPTION', 'The pool works on another run; wait for its end, or open a second pool');
    this.#busy = true;
    try {
      // What a run that was left early had given out comes back first, and is of no use to this one.
      await this.#until(() => this.#slots.every(({ inHand }) => inHand.size === 0), signal);
      this.#waiting.length = 0;
      this.#backlog = new Backlog(places);
      this.#most = batch + prefetch;
      this.#method = settings.options;
      for (;;) {
        this.#deal();
        // Before an error: what is finished is worth a line in the journal.
        const outcome = this.#waiting.shift();
        if (outcome) yield outcome;
        else if (this.#backlog.open === 0) return;
        else await this.#until(() => this.#waiting.length > 0, signal);
      }
    } finally {
      this.#backlog = new Backlog([]);
      this.#waiting.length = 0;
      this.#busy = false;
    }
  }

  /** Ends the processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#error ??= new InvSegError('DISPOSED', 'The pool is disposed; open a new one');
    this.#wake();
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }

  #deal(): void {
    // In turns, so that a short list is spread.
    for (let given = true; given && this.#waiting.length < MOST_WAITING; ) {
      given = false;
      for (const slot of this.#slots) {
        if (!slot.ready || slot.inHand.size >= this.#most) continue;
        const place = this.#backlog.take(slot.inHand.values());
        if (!place) continue;
        slot.give(place, this.#method!);
        given = true;
      }
    }
  }

  #events(): SlotEvents {
    const then =
      <A extends unknown[]>(act: (...args: A) => void) =>
      (...args: A): void => {
        act(...args);
        this.#deal();
        this.#wake();
      };
    return {
      ready: then((slot, info, names) => this.#ready(slot, { info, names })),
      failed: then((slot, { code, message }) => (this.#error ??= new InvSegError(code, `${slot.device}: ${message}`))),
      done: then((_, place, result) => this.#finish(place, result)),
      ended: then((slot, inHand, why) => this.#ended(slot, inHand, why)),
    };
  }

  #ready(slot: Slot, facts: { info: EngineFacts; names: string }): void {
    this.#facts ??= facts;
    const [first, here] = [this.#facts, facts].map((one) =>
      JSON.stringify({ ...one.info, device: one.info.device.split(':')[0], names: one.names }),
    );
    if (first !== here)
      this.#error ??= new InvSegError(
        'INVALID_OPTION',
        `Expected devices that count alike but ${slot.device} is ${here} where the first is ${first}`,
      );
  }

  #finish(place: Place, result: RemoteResult): void {
    if (this.#backlog.finish(place)) this.#waiting.push(outcomeOf(place, result, this.#options.dataset));
  }

  #ended(slot: Slot, inHand: readonly Place[], why: string): void {
    for (const place of this.#backlog.lose(inHand)) {
      slot.acquit();
      const message = `${place.id}: ${MOST_LOSSES} processes ended while they had it, the last one on ${slot.device} (${why})`;
      this.#finish(place, { failure: { code: 'WORKER_LOST', message } });
    }
    const then = slot.lost ? 'it is not started again' : 'it is started again';
    const hand = inHand.length > 0 ? `; taken over: ${inHand.map(({ id }) => id).join(', ')}` : '';
    this.#options.onNote?.(`${slot.device}: the process ended (${why}), ${then}${hand}`);
    if (!this.#slots.every(({ lost }) => lost)) return;
    this.#error ??= new InvSegError(
      'WORKER_LOST',
      `No process is left: each ended several times in a row, the last one on ${slot.device} (${why}). What was counted is in the journal`,
    );
  }

  /** @throws {InvSegError} `ABORTED`, or what ended the pool */
  async #until(reached: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    while (!reached()) {
      if (signal?.aborted)
        throw new InvSegError('ABORTED', 'Interrupted: the processes were ended', { cause: signal.reason });
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          signal?.removeEventListener('abort', this.#wake);
          resolve();
        };
        signal?.addEventListener('abort', this.#wake);
      });
    }
  }
}
