/** The model once on every device; one process is enough, since each engine has a thread of its own. */

import { threadsFor } from '../../evaluation/index.js';
import type { EngineOptions } from '../../options/index.js';
import { resolveEngineOptions } from '../../options/index.js';
import type { Segmenter } from '../../segmenter/index.js';
import { interruptible } from '../terminal/interruptible.js';
import type { Io } from '../terminal/io.js';
import type { EngineFlag, SegmentFlags } from './options.js';
import { engineFlags } from './options.js';
import { devicesOf } from './pools.js';

export interface EngineFlags extends Pick<SegmentFlags, EngineFlag> {
  devices?: string;
}

/** Asks the driver for its devices, where none was named. @returns options of one engine a device @throws {InvSegError} `INVALID_OPTION` */
export function enginesOf(flags: EngineFlags, io: Io): EngineOptions[] {
  const devices = devicesOf(flags, io);
  if (devices.length === 0) return [resolveEngineOptions(engineFlags(flags))];
  const one = resolveEngineOptions(engineFlags(flags));
  const threads = threadsFor(one.threads, devices);
  return devices.map((device) => resolveEngineOptions({ ...one, device, threads }));
}

export class Engines implements AsyncDisposable {
  readonly all: readonly Segmenter[];
  /** Of each, as they were asked for; 0 is LibTorch's choice. */
  readonly threads: number;

  private constructor(all: readonly Segmenter[], threads: number) {
    this.all = all;
    this.threads = threads;
  }

  /** One after the other: they read the same files. @throws {InvSegError} the segmenter's codes; `ABORTED` */
  static async open(options: readonly EngineOptions[], io: Io): Promise<Engines> {
    const all: Segmenter[] = [];
    try {
      for (const one of options) all.push(await interruptible(io.openSegmenter(one), io.signal));
      return new Engines(all, options[0]!.threads);
    } catch (error) {
      await Promise.all(all.map((segmenter) => segmenter[Symbol.asyncDispose]()));
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((segmenter) => segmenter[Symbol.asyncDispose]()));
  }
}
