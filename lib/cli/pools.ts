/** Where the pictures of `evaluate` are segmented: in this process, in one process a device, or by the workers of a queue. */
import { fileURLToPath } from 'node:url';
import type { PicturePool, RedisUrl } from '../evaluation/index.js';
import { InProcess, ProcessPool, QueuePool, RedisLink } from '../evaluation/index.js';
import { openBundle } from '../models/index.js';
import type { MethodOverrides } from '../options/index.js';
import { askedDevice, parseDevices, standardDevices, threadsFor } from './devices.js';
import type { ChildSetup } from './evaluate-child.js';
import type { EvaluateLine } from './evaluate-line.js';
import type { Io } from './io.js';
import type { QueueFlags } from './queue-flags.js';
import { queueOf } from './queue-flags.js';
import type { PictureFlags, PicturePlan } from './run-plan.js';
import { openNames } from './run-plan.js';
import { interruptible } from './segment.js';

export interface PoolFlags extends QueueFlags {
  devices?: string;
  restart?: true;
  out: string;
}

export interface PoolRequest {
  flags: PictureFlags & PoolFlags;
  plan: PicturePlan;
  options: MethodOverrides;
  /** Of processes; empty for this one. */
  devices: readonly string[];
  io: Io;
  line: EvaluateLine;
}

/** @returns the devices that get a process each @throws {InvSegError} `INVALID_OPTION` */
export function devicesOf(
  { devices, device, queue }: Pick<PictureFlags & PoolFlags, 'device' | 'devices' | 'queue'>,
  io: Io,
): string[] {
  if (queue !== undefined) return [];
  return devices === undefined ? standardDevices(device, () => io.cudaDevices?.() ?? 0) : parseDevices(devices);
}

/** Opens what the flags ask for, and closes it after `use`. */
export async function withPool<T>(request: PoolRequest, use: (pool: PicturePool) => Promise<T>): Promise<T> {
  const { url, queueName } = queueOf(request.flags);
  if (url) return withQueue(request, url, queueName, use);
  request.line.write('loading the model');
  return request.devices.length > 0 ? withProcesses(request, use) : inProcess(request, use);
}

async function inProcess<T>({ flags, plan, io }: PoolRequest, use: (pool: PicturePool) => Promise<T>): Promise<T> {
  await using names = await openNames(flags, plan);
  await using segmenter = await interruptible(io.openSegmenter(plan.engine), io.signal);
  return await use(new InProcess(segmenter, plan.dataset, names.source));
}

async function withProcesses<T>(
  { flags, plan, options, devices, io, line }: PoolRequest,
  use: (pool: PicturePool) => Promise<T>,
): Promise<T> {
  const setup: ChildSetup = { flags: childFlags(flags, devices), options };
  line.note(`a process each: ${devices.join(', ')}`);
  const entry = fileURLToPath(new URL('./evaluate-child.js', import.meta.url));
  await using pool = await ProcessPool.open({
    devices,
    entry,
    setup,
    dataset: plan.dataset,
    onNote: (text) => line.note(text),
    signal: io.signal,
  });
  return await use(pool);
}

/** No engine is opened here: the flags say what the workers have to have. */
async function withQueue<T>(
  { flags, plan, io, line }: PoolRequest,
  url: RedisUrl,
  queueName: string | undefined,
  use: (pool: PicturePool) => Promise<T>,
): Promise<T> {
  const { dataset, engine } = plan;
  const onNote = (text: string): void => line.note(text);
  await using link = await RedisLink.open({ url, onNote });
  const { manifest } = await openBundle(engine.model, engine);
  const info = {
    model: { name: manifest.name, version: manifest.version, methods: manifest.defaults.methods },
    ...askedDevice(engine, io.cudaDevices?.() ?? 0),
  };
  return await use(
    new QueuePool({
      link,
      info,
      names: await namesDescription(flags, plan),
      dataset,
      out: flags.out,
      queueName,
      restart: flags.restart,
      onNote,
    }),
  );
}

/** Its models, where it has some, are opened for their description alone, on the CPU: this host need not have a GPU. */
async function namesDescription(flags: PictureFlags, plan: PicturePlan): Promise<string> {
  await using names = await openNames(flags, { ...plan, engine: { ...plan.engine, device: 'cpu', dtype: 'float32' } });
  return names.source.description;
}

/** Only what a child reads. */
function childFlags(flags: PictureFlags, devices: readonly string[]): PictureFlags {
  const threads = threadsFor(flags.threads, devices);
  return { ...flags, ...(threads !== undefined && { threads }) };
}
