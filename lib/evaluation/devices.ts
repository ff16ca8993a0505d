/** Devices of a run that has several engines. */
import { availableParallelism } from 'node:os';
import { InvSegError } from '../errors.js';
import type { EngineOptions } from '../options/index.js';

/**
 * @param text `cuda:0,cuda:1`, `cpu,cpu`
 * @throws {InvSegError} `INVALID_OPTION` for anything but devices of one kind: CPU and CUDA round differently, and a run has one
 */
export function parseDevices(text: string): string[] {
  const devices = text.split(',').map((one) => one.trim());
  const bad = devices.find((one) => !/^(cpu|cuda:\d{1,3})$/.test(one));
  if (bad !== undefined)
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected cpu or cuda:<index>, with commas between them, for devices but received ${JSON.stringify(text)}`,
    );
  if (new Set(devices.map(kindOf)).size > 1) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected devices of one kind but received ${JSON.stringify(text)}; CPU and CUDA round differently, so one run has one of them`,
    );
  }
  return devices;
}

/** What a run over a queue asks of its workers' engines, in `Segmenter.info`'s words. @param cuda devices of this host, for `auto` */
export function askedDevice(
  { device, dtype }: Pick<EngineOptions, 'device' | 'dtype'>,
  cuda: number,
): { device: string; dtype: string } {
  const kind = device === 'auto' ? (cuda > 0 ? 'cuda' : 'cpu') : kindOf(device);
  return { device: kind, dtype: dtype === 'auto' ? (kind === 'cuda' ? 'float16' : 'float32') : dtype };
}

/** Engines on the CPU share its cores, unless the user says how many each gets. @param threads as in `EngineOptions`; 0 is nobody's choice */
export function threadsFor(threads: number, devices: readonly string[]): number {
  const shared = threads === 0 && devices.length > 1 && kindOf(devices[0]!) === 'cpu';
  return shared ? Math.max(1, Math.floor(availableParallelism() / devices.length)) : threads;
}

const kindOf = (device: string): string => device.split(':')[0]!;
