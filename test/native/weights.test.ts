/** Weights files that change while an engine uses them. */
import { copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openBundle } from '../../lib/models/index.js';
import type { NativeEngine, NativeEngineConfig } from '../../lib/native/binding.js';
import { binding } from './miniature.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-weights-'));
const DTYPES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The miniature with the text encoder's weights in a file of their own. */
async function open(file: string, more: object = {}): Promise<{ engine: NativeEngine; ids: Int32Array }> {
  const { engineConfig } = await openBundle();
  const { textEncoder } = engineConfig;
  const original = textEncoder.weights[0]?.file as string;
  copyFileSync(original, file);
  const weights = textEncoder.weights.map((source) => ({ ...source, file }));
  const config: NativeEngineConfig = {
    ...engineConfig,
    textEncoder: { ...textEncoder, weights },
    device: 'cpu',
    // That of the file: any other would be converted, and so copied.
    dtype: DTYPES[textEncoder.weights[0]?.dtype as 'F32'],
    threads: 1,
    checkFinite: false,
    ...more,
  };
  return { engine: await binding.openEngine(config), ids: new Int32Array(engineConfig.promptLength) };
}

const text = async ({ engine, ids }: Awaited<ReturnType<typeof open>>): Promise<Float32Array> => {
  const embedding = await engine.encodeText(ids, 1);
  const values = await embedding.read();
  embedding.dispose();
  return values;
};

it('a file that is cut off is an error and not the end of the process; one that is replaced stays', async () => {
  const file = path.join(folder, 'mapped.safetensors');
  const opened = await open(file);
  const before = await text(opened);
  const next = path.join(folder, 'next.safetensors');
  copyFileSync(file, next);
  renameSync(file, path.join(folder, 'kept.safetensors'));
  renameSync(next, file);
  expect(await text(opened)).toEqual(before);
  truncateSync(path.join(folder, 'kept.safetensors'), 4096);
  await expect(text(opened)).rejects.toMatchObject({
    name: 'InvSegError',
    code: 'WEIGHTS_CHANGED',
    message: expect.stringContaining('by renaming a new file over the old one'),
  });
  await opened.engine.dispose();
});

it('copied weights need their file no more', async () => {
  const file = path.join(folder, 'copied.safetensors');
  const opened = await open(file, { copyWeights: true });
  const before = await text(opened);
  truncateSync(file, 4096);
  expect(await text(opened)).toEqual(before);
  await opened.engine.dispose();
});
