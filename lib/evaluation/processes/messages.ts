/** What parent and child say to each other; Node's `advanced` serialisation carries byte arrays as they are. */
import type { MethodOptions } from '../../options/index.js';
import type { Place } from '../picture.js';
import type { EngineFacts } from '../pool.js';
import type { Failure, RemoteResult } from '../remote.js';

/** Opens the engine, once. @typeParam Setup plain data that only the child's own `open` understands */
export interface OpenMessage<Setup = unknown> {
  type: 'open';
  setup: Setup;
  device: string;
}

export interface WorkMessage {
  type: 'work';
  place: Place;
  /** Of the run, which may be another than the one before. */
  options: MethodOptions;
}

export type ToChild<Setup = unknown> = OpenMessage<Setup> | WorkMessage;

export type ToParent =
  | { type: 'ready'; info: EngineFacts; names: string }
  /** The engine could not be opened, and would not be a second time. */
  | { type: 'failed'; failure: Failure }
  | { type: 'done'; place: Place; result: RemoteResult };
