/** NVIDIA's GPUs, as their driver tells of them. */
import { execFile } from 'node:child_process';

export interface Gpu {
  name: string;
  driver: string;
  capability: string;
  memoryMiB: number;
}

/** Empty where there is no driver, or none that answers within 20 s. */
export function nvidiaGpus(env: NodeJS.ProcessEnv = process.env): Promise<Gpu[]> {
  const query = ['--query-gpu=name,driver_version,compute_cap,memory.total', '--format=csv,noheader,nounits'];
  return new Promise((resolve) => {
    execFile('nvidia-smi', query, { timeout: 20_000, env }, (error, stdout) => {
      if (error) return resolve([]);
      const rows = stdout.trim().split('\n').filter(Boolean);
      resolve(
        rows.map((row) => {
          const [name = '', driver = '', capability = '', memory = '0'] = row.split(', ');
          return { name, driver, capability, memoryMiB: Number(memory) };
        }),
      );
    });
  });
}

/** The oldest driver that runs a version of CUDA, by NVIDIA's table for minor version compatibility. */
const OLDEST_DRIVER: Record<string, number> = { '12': 525, '13': 580 };

/** The driver that a build for `cuda` (such as `13`) needs, where the one that is there is older. */
export function olderDriver(gpus: readonly Gpu[], cuda: string): { needed: number; found: string } | undefined {
  const needed = OLDEST_DRIVER[cuda.split('.')[0]!];
  const found = gpus[0]?.driver;
  return needed !== undefined && found !== undefined && Number.parseInt(found, 10) < needed
    ? { needed, found }
    : undefined;
}
