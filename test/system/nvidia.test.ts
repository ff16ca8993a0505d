import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { nvidiaGpus, olderDriver } from '../../lib/system/nvidia.js';
import { fakeTool, temporaryFolder } from '../setup/fakes.js';

const gpu = { name: 'NVIDIA A10', driver: '535.104.05', capability: '8.6', memoryMiB: 23028 };

describe('GPUs', () => {
  it('are what nvidia-smi tells, one a line', async () => {
    const bin = temporaryFolder();
    fakeTool(
      bin,
      'nvidia-smi',
      "echo 'NVIDIA A10, 535.104.05, 8.6, 23028'; echo 'NVIDIA H100 80GB HBM3, 580.95.05, 9.0, 81559'",
    );
    const gpus = await nvidiaGpus({ PATH: bin });
    expect(gpus).toEqual([
      gpu,
      { name: 'NVIDIA H100 80GB HBM3', driver: '580.95.05', capability: '9.0', memoryMiB: 81559 },
    ]);
  });

  it('are none without a driver, or with one that fails', async () => {
    const bin = temporaryFolder();
    expect(await nvidiaGpus({ PATH: path.join(bin, 'none') })).toEqual([]);
    fakeTool(
      bin,
      'nvidia-smi',
      "echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver'; exit 9",
    );
    expect(await nvidiaGpus({ PATH: bin })).toEqual([]);
  });
});

it.each([
  ['13.0', { needed: 580, found: '535.104.05' }],
  ['13', { needed: 580, found: '535.104.05' }],
  ['12.8', undefined],
  ['unknown', undefined],
])('driver 535 for CUDA %s', (cuda, answer) => {
  expect(olderDriver([gpu], cuda)).toEqual(answer);
  expect(olderDriver([], cuda)).toBeUndefined();
  expect(olderDriver([{ ...gpu, driver: '580.65.06' }], cuda)).toBeUndefined();
});
