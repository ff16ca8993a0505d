/** What stands for a child process in tests: answers in this process, and ends when it is told to. */
import { EventEmitter } from 'node:events';
import type { Place } from '../../lib/evaluation/picture.js';
import type { EngineFacts } from '../../lib/evaluation/pool.js';
import type { ToChild, ToParent } from '../../lib/evaluation/processes/messages.js';
import type { Child } from '../../lib/evaluation/processes/slot.js';
import type { RemoteResult } from '../../lib/evaluation/remote.js';
import type { PictureRecord } from '../../lib/evaluation/types.js';

export const facts: EngineFacts = { model: { name: 'fake', version: '1' }, device: 'cpu', dtype: 'float32' };

export const recordOf = ({ id, place }: Place): PictureRecord => ({
  id,
  place,
  mask: '0123456789abcdef',
  counts: [
    [0, 1, 2, 2],
    [1, 0, 1, 1],
  ],
  confused: [
    [0, 1, 1],
    [1, 0, 1],
  ],
  names: [1],
  milliseconds: { load: 1, names: 1, encode: 1, inversion: 1, predict: 1, segment: 1 },
  losses: [],
  warnings: [],
});

export class FakeChild extends EventEmitter {
  readonly pid = 1;
  connected = true;
  /** Pictures it was given, in order. */
  readonly given: string[] = [];
  device = '';
  readonly #answer: (child: FakeChild, place: Place) => RemoteResult | 'die' | undefined;
  readonly #first: (child: FakeChild) => ToParent | 'die';

  /** @param answer to a picture; undefined is none yet */
  constructor(
    answer: (child: FakeChild, place: Place) => RemoteResult | 'die' | undefined = (_, place) => ({
      record: recordOf(place),
      labels: new Uint8Array(),
    }),
    first: (child: FakeChild) => ToParent | 'die' = () => ({ type: 'ready', info: facts, names: 'a test' }),
  ) {
    super();
    this.#answer = answer;
    this.#first = first;
  }

  send(message: ToChild): boolean {
    setImmediate(() => {
      if (!this.connected) return;
      if (message.type === 'open') {
        this.device = message.device;
        const said = this.#first(this);
        if (said === 'die') this.end('SIGKILL');
        else this.emit('message', said);
        return;
      }
      this.given.push(message.place.id);
      const result = this.#answer(this, message.place);
      if (result === 'die') this.end('SIGKILL');
      else if (result) this.emit('message', { type: 'done', place: message.place, result } satisfies ToParent);
    });
    return true;
  }

  kill(): boolean {
    setImmediate(() => this.end('SIGKILL'));
    return true;
  }

  disconnect(): void {
    this.end(null);
  }

  end(signal: NodeJS.Signals | null): void {
    if (!this.connected) return;
    this.connected = false;
    this.emit('exit', signal ? null : 0, signal);
    this.emit('disconnect');
  }
}

export const asChild = (fake: FakeChild): Child => fake as unknown as Child;
