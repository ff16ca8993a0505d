import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomModel } from '../../lib/bench/index.js';
import { weightBytes, writeRandomWeights } from '../../lib/bench/random-weights.js';
import { openBundle } from '../../lib/models/index.js';
import { readHeader } from '../../lib/models/safetensors.js';
import { loadBinding } from '../../lib/native/load.js';
import { hollowModel } from './hollow.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'invseg-weights-'))));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

const shapes = {
  'block.norm.weight': [64],
  'block.norm.bias': [64],
  'block.conv.weight': [64, 25, 3, 3],
  'block.conv.bias': [64],
  'attn.to_q.weight': [1200, 900],
  'text_model.embeddings.token_embedding.weight': [300, 20],
};

function read(file: string, begin: number, end: number): Float32Array {
  const half = new Uint16Array(Uint8Array.from(readFileSync(file).subarray(begin, end)).buffer);
  return new Float32Array(Uint32Array.from(half, (word) => word << 16).buffer);
}
const spread = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('random weights', () => {
  it('are a file that the package reads, of the scale that layers keep', async () => {
    await writeRandomWeights(at('a'), shapes);
    const { tensors, bytes } = await readHeader(at('a'));
    expect(tensors.map(({ name, shape, dtype }) => [name, shape, dtype])).toEqual(
      Object.entries(shapes).map(([name, shape]) => [name, shape, 'BF16']),
    );
    expect(bytes - tensors[0]!.begin).toBe(weightBytes(shapes));
    const values = Object.fromEntries(tensors.map(({ name, begin, end }) => [name, read(at('a'), begin, end)]));
    for (const value of values['block.norm.weight']!) expect(Math.abs(value - 1)).toBeLessThan(0.11);
    for (const value of values['block.norm.bias']!) expect(Math.abs(value)).toBeLessThan(0.11);
    // Uniform in ± 1/√(25 · 9): its spread is that over √3.
    expect(spread(values['block.conv.weight']!)).toBeCloseTo(1 / 15 / Math.sqrt(3), 3);
    expect(Math.max(...values['block.conv.bias']!.map(Math.abs))).toBeLessThan(1 / 15 + 1e-3);
    expect(spread(values['attn.to_q.weight']!)).toBeCloseTo(2.5 / 30 / Math.sqrt(3), 3);
    expect(spread(values['text_model.embeddings.token_embedding.weight']!)).toBeCloseTo(1, 1);
    // More than are drawn: no two rows are alike.
    const rows = Array.from({ length: 1200 }, (_, i) => values['attn.to_q.weight']!.slice(900 * i, 900 * i + 4).join());
    expect(new Set(rows).size).toBe(1200);
  });

  it('follow from the seed', async () => {
    await writeRandomWeights(at('b'), shapes);
    await writeRandomWeights(at('c'), shapes, { seed: 1 });
    expect(readFileSync(at('b')).equals(readFileSync(at('a')))).toBe(true);
    expect(readFileSync(at('c')).equals(readFileSync(at('a')))).toBe(false);
  });

  it('end with the signal, and where they cannot be written', async () => {
    const aborted = writeRandomWeights(at('d'), shapes, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(writeRandomWeights(at('none/d'), shapes)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    writeFileSync(at('mine'), 'mine');
    await expect(writeRandomWeights(at('mine'), shapes)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(readFileSync(at('mine'), 'utf8')).toBe('mine');
  });
});

describe('a random model', () => {
  it('leaves nothing where it is aborted on its way', async () => {
    const before = process.env['TMPDIR'];
    const temporary = at('temporary');
    mkdirSync(temporary);
    process.env['TMPDIR'] = temporary;
    try {
      await expect(randomModel('sd21', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
      expect(readdirSync(temporary)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  it('that is there is used as it is, and opens', async () => {
    await hollowModel(at('kept'));
    const files = readdirSync(at('kept'), { recursive: true, encoding: 'utf8' });
    const times = files.map((name) => statSync(at(`kept/${name}`)).mtimeMs);
    await using model = await randomModel('sd21', { folder: at('kept') });
    expect(model.folder).toBe(at('kept'));
    await model[Symbol.asyncDispose]();
    expect(files.map((name) => statSync(at(`kept/${name}`)).mtimeMs)).toEqual(times);
    expect((await openBundle(at('kept'))).name).toContain('stable-diffusion-2.1');
  });

  it.each([
    ['sdxl', {}],
    [undefined, {}],
    ['sd21', 7],
    ['sd21', { folder: 7 }],
  ])('is not %j with %j', async (name, options) => {
    await expect(randomModel(name as never, options as never)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('has the parameters of the networks', () => {
    const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));
    const args = ['-W', 'ignore', '-m', 'models.parameters', '--check'];
    const { status, stderr } = spawnSync(loadBinding().python!, args, { cwd: scripts, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });
});
