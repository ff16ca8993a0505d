/** Flags that say where the images of a run are segmented. */
import type { OwnedPool, PoolOptions } from '../../evaluation/index.js';
import { openPool, parseDevices } from '../../evaluation/index.js';
import type { MethodOverrides } from '../../options/index.js';
import { interruptible } from '../terminal/interruptible.js';
import type { Io } from '../terminal/io.js';
import { standardDevices } from './devices.js';
import type { QueueFlags } from './queue.js';
import { queueOf } from './queue.js';
import type { PictureFlags, PicturePlan } from './run-plan.js';

export interface PoolFlags extends QueueFlags {
  devices?: string;
  restart?: true;
  out: string;
}

export interface PoolRequest {
  flags: PictureFlags & PoolFlags;
  plan: PicturePlan;
  options: MethodOverrides;
  /** Images in one pass of each process. */
  batch: number;
  /** Of processes; empty for this one. */
  devices: readonly string[];
  io: Io;
  onNote: (text: string) => void;
}

/** @returns the devices that get a process each @throws {InvSegError} `INVALID_OPTION` */
export function devicesOf(
  { devices, device, queue }: Pick<PictureFlags & PoolFlags, 'device' | 'devices' | 'queue'>,
  io: Io,
): string[] {
  if (queue !== undefined) return [];
  return devices === undefined ? standardDevices(device, () => io.cudaDevices?.() ?? 0) : parseDevices(devices);
}

/** What the flags ask for. */
export function poolOf({ flags, plan, options, batch, devices, io, onNote }: PoolRequest): Promise<OwnedPool> {
  const { url, queueName: name } = queueOf(flags);
  const { out, restart } = flags;
  const common: PoolOptions = {
    ...plan.task,
    options,
    batch,
    opened: plan.dataset,
    onNote,
    signal: io.signal,
    openSegmenter: (engine) => interruptible(io.openSegmenter(engine), io.signal),
  };
  if (url === undefined) return openPool({ ...common, devices });
  return openPool({ ...common, queue: { url: flags.queue!, name, out, restart }, cudaDevices: io.cudaDevices?.() });
}
