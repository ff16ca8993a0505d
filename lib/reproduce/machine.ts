/** What the figures were measured on. */
import { cpus } from 'node:os';
import type { SegmenterInfo } from '../segmenter/segmenter.js';
import type { Circumstances } from './layout.js';

/** @param threads as the engine was asked for; 0 is its own choice */
export function machineOf({ device, deviceName, dtype }: SegmenterInfo, threads: number): Circumstances['machine'] {
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown processor',
    cores: all.length,
    device: device === 'cpu' ? 'on the processor' : `${device} (${deviceName})`,
    dtype,
    threads: threads === 0 ? 'threads as LibTorch chooses' : `${threads} thread${threads === 1 ? '' : 's'}`,
  };
}
