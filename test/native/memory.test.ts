/** Memory of native handles: what V8 knows of it, and what happens where there is not enough. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import type { NativeEngineConfig, NativeMaps } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';
import { binding, closeMiniature, grey, type Opened, openMiniature } from './miniature.js';

const pass = ({ selection }: Opened) => ({ selection, timestep: 50, noiseSeed: 1, prompt: null });

describe('V8 knows the bytes of handles', () => {
  const ROUNDS = 60;
  const MIB_A_ROUND = 16;

  /** Makes 1 GB of maps, piece by piece. @returns the most bytes at once, and the major collections meanwhile */
  async function makeMaps(use: (maps: NativeMaps) => void): Promise<{ most: number; collections: number }> {
    const opened = await openMiniature();
    const { engine, image, embedding } = opened;
    const { self, cross } = await engine.attend(image, embedding, pass(opened));
    if (!self) throw new Error('The pass gave no self-attention');
    let collections = 0;
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) collections += isMajor(entry) ? 1 : 0;
    });
    observer.observe({ entryTypes: ['gc'] });
    let start = binding.probe().bytes;
    const parts = Array.from({ length: 4 }, () => self);
    let most = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // What an earlier test forgot may be collected only now.
      start = Math.min(start, binding.probe().bytes);
      const maps = await engine.join(parts);
      most = Math.max(most, binding.probe().bytes - start);
      use(maps);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 50)); // the observer is told later
    observer.disconnect();
    for (const handle of [self, cross]) handle?.dispose();
    await closeMiniature(opened);
    expect(most).toBeGreaterThanOrEqual(MIB_A_ROUND << 20);
    return { most, collections };
  }

  const isMajor = (entry: object): boolean =>
    (entry as { detail?: { kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR;

  it('and collects what was forgotten before it is much', async () => {
    const { most, collections } = await makeMaps(() => {});
    expect(most).toBeLessThan(400e6); // of 1 GB
    expect(collections).toBeGreaterThan(2);
  });

  it('and forgets those that were disposed: they are no reason to collect', async () => {
    const { most, collections } = await makeMaps((maps) => maps.dispose());
    expect(most).toBe(MIB_A_ROUND << 20);
    expect(collections).toBeLessThanOrEqual(2);
  });
});

describe('a job without enough memory', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-memory-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const scripts = path.resolve(import.meta.dirname, '../../scripts');

  /** The text encoder in a module that says it is out of memory the first `failures` times. */
  const WRAP = `
import sys, torch
script, out, failures, scripts = sys.argv[1:]
sys.path.insert(0, scripts)
import architectures.operators  # those that the module calls
class Full(torch.nn.Module):
    left: int
    def __init__(self, inner, failures):
        super().__init__()
        self.inner = inner
        self.left = failures
    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        self.left -= 1
        if self.left >= 0:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.50 GiB.")
        return self.inner(ids)
torch.jit.script(Full(torch.jit.load(script), int(failures))).save(out)
`;

  it('is done again once; after a second failure it is an error, and the next picture works', async () => {
    const { engineConfig } = await openBundle();
    const { textEncoder } = engineConfig;
    const script = path.join(folder, 'text_encoder.pt');
    const program = path.join(folder, 'wrap.py');
    const python = loadBinding().python ?? 'python3';
    const open = async (failures: number) => {
      writeFileSync(program, WRAP);
      execFileSync(python, [program, textEncoder.script, script, String(failures), scripts]);
      const weights = textEncoder.weights.map((source) => ({ ...source, name: `inner.${source.name}` }));
      const config: NativeEngineConfig = {
        ...engineConfig,
        textEncoder: { script, weights },
        device: 'cpu',
        dtype: 'float32',
        threads: 1,
        checkFinite: false,
      };
      return binding.openEngine(config);
    };
    const ids = new Int32Array(engineConfig.promptLength);
    const once = await open(1);
    (await once.encodeText(ids, 1)).dispose();
    await once.dispose();

    const twice = await open(2);
    await expect(twice.encodeText(ids, 1)).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      message: expect.stringMatching(/fewer views.*Tried to allocate 2\.50 GiB\.\)$/),
    });
    const embedding = await twice.encodeText(ids, 1);
    const image = await twice.encodeImage(grey(64, 48), 64, 48, false, 0);
    expect(await embedding.read()).toHaveLength(ids.length * engineConfig.contextWidth);
    for (const handle of [embedding, image]) handle.dispose();
    await twice.dispose();
  });
});
