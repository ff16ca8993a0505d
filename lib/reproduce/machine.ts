/** What the figures were measured on. */
import { cpus } from 'node:os';
import { loadBinding } from '../native/load.js';
import type { SegmenterInfo } from '../segmenter/segmenter.js';
import type { Circumstances } from './layout.js';

/** @param threads as the engine was asked for; 0 is LibTorch's choice */
export function machineOf({ device, deviceName, dtype }: SegmenterInfo, threads: number): Circumstances['machine'] {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown processor',
    cores: all.length,
    device: device === 'cpu' ? 'on the processor' : `${device} (${deviceName})`,
    dtype,
    threads: threadsText(threads === 0 ? chosenThreads() : threads),
  };
}

function chosenThreads(): number | undefined {
  try {
    return loadBinding().binding.info().threads;
  } catch {
    return undefined; // a segmenter of somebody else's
  }
}

const threadsText = (threads: number | undefined): string =>
  threads === undefined ? 'threads as LibTorch chooses' : `${threads} thread${threads === 1 ? '' : 's'}`;
