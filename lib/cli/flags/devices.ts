/** `--devices`: which processes a run has. */
import { loadBinding } from '../../native/index.js';

/** What `--devices` stands for when it is left out: every CUDA device, where there are several and none was named. */
export function standardDevices(device: string | undefined, cudaDevices: () => number): string[] {
  if (device !== undefined && device !== 'auto') return [];
  const count = cudaDevices();
  return count > 1 ? Array.from({ length: count }, (_, i) => `cuda:${i}`) : [];
}

/** Of this host; 0 where the addon is not there, which opening the engine says better. */
export function countCudaDevices(): number {
  try {
    return loadBinding().binding.info().cudaDevices;
  } catch {
    return 0;
  }
}
