import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Segmenter } from '../../lib/index.js';
import { methodNames } from '../../lib/options/method-names.js';
import { openHandles, pictures } from './model.js';

const source = fileURLToPath(new URL('../../models/miniature', import.meta.url));

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-weights-'));
  cpSync(source, folder, { recursive: true });
  file = path.join(folder, 'unet.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}
type Header = Record<string, Entry>;

/** Rewrites the header, and the numbers where the change returns some. */
function edit(change: (header: Header, data: Buffer) => Buffer | void): void {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Header;
  const data = Buffer.from(bytes.subarray(8 + length));
  const changed = change(header, data) ?? data;
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([size, text, changed]));
}

const first = (header: Header): string => Object.keys(header).find((name) => name.endsWith('conv_in.weight'))!;

describe('a weights folder', () => {
  it('that is a copy works', async () => {
    await using segmenter = await Segmenter.open({ model: folder, device: 'cpu' });
    expect(segmenter.info.model).toMatchObject({ name: 'miniature', folder });
    await segmenter.segment(pictures[0]!.file, { categories: ['cat'], method: 'baseline' });
  });

  it.each<[string, () => void, string, string]>([
    [
      'a missing tensor',
      () => edit((header) => void ((header['renamed'] = header[first(header)]!), delete header[first(header)])),
      'WEIGHTS_MISMATCH',
      'conv_in.weight',
    ],
    [
      'an extra tensor',
      () =>
        edit((header, data) => {
          header['surplus'] = { dtype: 'F32', shape: [2], data_offsets: [data.length, data.length + 8] };
          return Buffer.concat([data, Buffer.alloc(8)]);
        }),
      'WEIGHTS_MISMATCH',
      'surplus',
    ],
    [
      'a wrong shape',
      () => edit((header) => void header[first(header)]!.shape.reverse()),
      'WEIGHTS_MISMATCH',
      'conv_in.weight',
    ],
    [
      'a truncated file',
      () => writeFileSync(file, readFileSync(file).subarray(0, 100_000)),
      'WEIGHTS_INVALID',
      'unet.safetensors',
    ],
    ['an empty file', () => writeFileSync(file, ''), 'WEIGHTS_INVALID', 'unet.safetensors'],
    [
      'NaN',
      () => edit((header, data) => void data.fill(0xff, ...header[first(header)]!.data_offsets)),
      'WEIGHTS_NOT_FINITE',
      'conv_in.weight',
    ],
    ['no weights', () => rmSync(file), 'WEIGHTS_NOT_FOUND', 'unet.safetensors'],
    [
      'a broken manifest',
      () => writeFileSync(path.join(folder, 'manifest.json'), '{'),
      'MANIFEST_INVALID',
      'manifest.json',
    ],
    [
      'a broken tokenizer',
      () => writeFileSync(path.join(folder, 'tokenizer', 'vocab.json'), '[]'),
      'TOKENIZER_INVALID',
      'vocab.json',
    ],
  ])('with %s is refused by name, and nothing stays', async (_what, damage, code, name) => {
    damage();
    const before = openHandles();
    const error = await Segmenter.open({ model: folder, device: 'cpu' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvSegError', code });
    expect((error as Error).message.split('\n')[0]).toContain(name);
    expect(openHandles()).toBe(before);
  });

  it.each(methodNames)('whose finite numbers overflow is found out by the method %s', async (method) => {
    // 65504, the largest number of half precision.
    edit((_, data) => void new Uint16Array(data.buffer, data.byteOffset, data.length / 2).fill(0x7bff));
    await using segmenter = await Segmenter.open({ model: folder, device: 'cpu' });
    const before = openHandles();
    const options = { categories: ['cat', 'dog'], method, steps: 2 };
    await expect(segmenter.segment(pictures[0]!.file, options)).rejects.toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining(`method ${method}`),
    });
    if (method === 'diffseg')
      await expect(segmenter.segment(pictures[0]!.file, { method })).rejects.toMatchObject({ code: 'NOT_FINITE' });
    expect(openHandles()).toBe(before);
  });

  it('that is not there is refused', async () => {
    await expect(Segmenter.open({ model: path.join(folder, 'none') })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    await expect(Segmenter.open({ device: 'cuda:99' })).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
  });
});
