/** Memory of native handles: what V8 knows of it, and what happens where there is not enough. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import type { NativeEngineConfig } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';
import { binding, closeMiniature, grey, openMiniature, type Opened } from './miniature.js';

const pass = ({ selection }: Opened) => ({ selection, timestep: 50, noiseSeed: 1, prompt: null });

it('V8 knows the bytes of handles, and collects what was forgotten before it is much', async () => {
  const opened = await openMiniature();
  const { engine, image, embedding } = opened;
  const { self, cross } = await engine.attend(image, embedding, pass(opened));
  if (!self) throw new Error('The pass gave no self-attention');
  const start = binding.probe().bytes;
  const parts = Array.from({ length: 4 }, () => self);
  let most = 0;
  for (let i = 0; i < 60; i++) {
    await engine.join(parts); // 16 MiB that nobody holds
    most = Math.max(most, binding.probe().bytes - start);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(most).toBeGreaterThan(16e6);
  expect(most).toBeLessThan(400e6); // of 1 GB
  self.dispose();
  cross?.dispose();
  await closeMiniature(opened);
});

describe('a job without enough memory', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-memory-'));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The text encoder in a module that says it is out of memory the first `failures` times. */
  const WRAP = `
import sys, torch
script, out, failures = sys.argv[1:]
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
      execFileSync(python, [program, textEncoder.script, script, String(failures)]);
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
