/** One device: the process that works on it, and the next one when it ended. */

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import type { MethodOptions } from '../../options/index.js';
import type { Place } from '../picture.js';
import type { EngineFacts } from '../pool.js';
import type { Failure, RemoteResult } from '../remote.js';
import type { ToChild, ToParent } from './messages.js';

/** What of a child process is needed; tests bring their own. */
export type Child = Pick<ChildProcess, 'pid' | 'send' | 'kill' | 'disconnect' | 'connected' | 'on'>;
export type Spawn = () => Child;

export interface SlotEvents {
  ready(slot: Slot, info: EngineFacts, names: string): void;
  failed(slot: Slot, failure: Failure): void;
  done(slot: Slot, place: Place, result: RemoteResult): void;
  /** Asked after the end: `slot.lost` says whether another process is started. */
  ended(slot: Slot, inHand: readonly Place[], why: string): void;
}

/** Processes of a device that may end in a row without a picture between them. */
const MOST_ENDS = 5;
/** Before the second start in a row, doubled for each further one, milliseconds. */
const PAUSE = 500;

/** What a process is not asked again after: its device may be in no state to work on. */
const sick: ReadonlySet<string> = new Set(['OUT_OF_MEMORY', 'DEVICE_UNAVAILABLE', 'INTERNAL']);

export class Slot {
  readonly device: string;
  readonly inHand = new Map<string, Place>();
  ready = false;
  /** Whether the device ever had an engine: an error of the first one is the user's to mend. */
  #worked = false;
  readonly #spawn: Spawn;
  readonly #setup: unknown;
  readonly #events: SlotEvents;
  #child: Child | undefined;
  #ends = 0;
  #why: string | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;
  #gone: Promise<void> = Promise.resolve();

  constructor(device: string, setup: unknown, spawn: Spawn, events: SlotEvents) {
    this.device = device;
    this.#setup = setup;
    this.#spawn = spawn;
    this.#events = events;
  }

  start(): void {
    const child = this.#spawn();
    this.#child = child;
    this.#why = undefined;
    child.on('message', (message) => this.#hear(child, message as ToParent));
    child.on('error', (error) => (this.#why ??= error.message));
    // What was said before the end is still heard after 'exit', until the channel is closed.
    let how = 'it ended';
    const exit = new Promise<void>((resolve) =>
      child.on('exit', (code, signal) => {
        how = signal ? `signal ${signal}` : `exit code ${code}`;
        resolve();
      }),
    );
    const silent = new Promise<void>((resolve) => child.on('disconnect', () => resolve()));
    this.#gone = Promise.all([exit, silent]).then(() => this.#end(how));
    this.#say({ type: 'open', setup: this.#setup, device: this.device });
  }

  /** @param options of the method in the run that the image belongs to */
  give(place: Place, options: MethodOptions): void {
    this.inHand.set(place.id, place);
    this.#say({ type: 'work', place, options });
  }

  /** Whether no further process is started. */
  get lost(): boolean {
    return this.#ends >= MOST_ENDS;
  }

  /** A picture is to blame for the last ends, and is given up: the device is as good as before. */
  acquit(): void {
    this.#ends = 0;
  }

  /** Ends the process, and waits until it has. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#pause);
    this.#child?.kill('SIGKILL');
    await this.#gone;
  }

  #say(message: ToChild): void {
    // A channel that breaks is followed by 'exit', which says all there is to say.
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  #hear(child: Child, message: ToParent): void {
    if (this.#closed || child !== this.#child) return;
    if (message.type === 'ready') {
      this.ready = this.#worked = true;
      return this.#events.ready(this, message.info, message.names);
    }
    if (message.type === 'failed')
      return this.#worked ? this.#dismiss(message.failure) : this.#events.failed(this, message.failure);
    const { place, result } = message;
    if ('failure' in result && sick.has(result.failure.code)) return this.#dismiss(result.failure);
    this.#ends = 0;
    this.inHand.delete(place.id);
    this.#events.done(this, place, result);
  }

  /** Its end is heard of like any other. */
  #dismiss({ message }: Failure): void {
    this.#why ??= message;
    this.ready = false;
    this.#child?.kill('SIGKILL');
  }

  #end(how: string): void {
    this.ready = false;
    this.#child = undefined;
    if (this.#closed) return;
    const lost = [...this.inHand.values()];
    this.inHand.clear();
    this.#ends++;
    this.#events.ended(this, lost, this.#why ?? how);
    if (this.lost) return;
    const pause = this.#ends <= 1 ? 0 : PAUSE * 2 ** (this.#ends - 2);
    this.#pause = setTimeout(() => !this.#closed && this.start(), pause);
  }
}

/** A process of Node that runs `entry`, which calls `serveParent`. What it prints is talk. */
export function spawnEntry(entry: string): Spawn {
  return () => fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
}
