/** What the figures were measured on. */
import { cpus } from 'node:os';
import { loadBinding } from '../native/index.js';
import type { SegmenterInfo } from '../segmenter/index.js';
import type { Circumstances } from './layout.js';

/** @param engines at least one @param threads of each, as it was asked for; 0 is LibTorch's choice */
export function machineOf(engines: readonly SegmenterInfo[], threads: number): Circumstances['machine'] {
  const all = cpus();
  const devices = engines.map(({ device, deviceName }) =>
    device === 'cpu' ? 'on the processor' : `${device} (${deviceName})`,
  );
  return {
    cpu: all[0]?.model.trim() ?? 'unknown processor',
    cores: all.length,
    device: [...new Set(devices)]
      .map((one) => counted(one, devices.filter((other) => other === one).length))
      .join(', '),
    dtype: engines[0]!.dtype,
    threads: threadsText(threads === 0 ? chosenThreads() : threads) + (engines.length > 1 ? ' each' : ''),
  };
}

const counted = (device: string, count: number): string => (count > 1 ? `${count} engines ${device}` : device);

function chosenThreads(): number | undefined {
  try {
    return loadBinding().binding.info().threads;
  } catch {
    return undefined; // a segmenter of somebody else's
  }
}

const threadsText = (threads: number | undefined): string =>
  threads === undefined ? 'threads as LibTorch chooses' : `${threads} thread${threads === 1 ? '' : 's'}`;
