/** Folders of random weights, on an architecture of a few kilobytes. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomModel } from '../../lib/bench/index.js';
import type { RandomModelOptions } from '../../lib/bench/random-model.js';
import { makeRandomModel } from '../../lib/bench/random-model.js';
import type { ModelShapes } from '../../lib/bench/random-parts.js';
import { partsOf } from '../../lib/bench/random-parts.js';
import { lockFile } from '../../lib/journal/index.js';
import { temporaryIn } from '../../lib/system/index.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';

let folder: string;
let kept: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-random-model-'));
  kept = path.join(folder, 'deep', 'kept');
});
afterEach(() => rmSync(folder, { recursive: true }));

const shapes = {
  textEncoder: { 'a.weight': [300, 20], 'a.bias': [300] },
  vaeEncoder: { 'b.weight': [64, 25, 3, 3] },
  unet: { 'c.to_q.weight': [1200, 900] },
};
/** A petabyte. */
const huge = { ...shapes, unet: { 'c.to_q.weight': [1e9, 1e6] } };
const make = (options: RandomModelOptions = {}, given: ModelShapes = shapes) => makeRandomModel('sd21', given, options);

/** Every file below a folder with its content; what a process at work leaves begins with a dot. */
function everything(root: string): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const file = path.join(root, name);
      return [name, statSync(file).isFile() ? readFileSync(file, 'latin1') : '/'];
    }),
  );
}
function lay(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(kept, name)), { recursive: true });
    writeFileSync(path.join(kept, name), content);
  }
}
async function inTemporary<T>(place: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = place;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}
const ALL = [
  'model_index.json',
  'text_encoder',
  'text_encoder/model.safetensors',
  'tokenizer',
  'tokenizer/merges.txt',
  'tokenizer/vocab.json',
  'unet',
  'unet/diffusion_pytorch_model.safetensors',
  'vae',
  'vae/diffusion_pytorch_model.safetensors',
];

describe('a temporary random model', () => {
  it('goes with its disposal, and where it is aborted or has no room', async () => {
    await inTemporary(folder, async () => {
      const model = await make();
      expect(Object.keys(everything(model.folder))).toEqual(ALL);
      await model[Symbol.asyncDispose]();
      await expect(make({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
      const full = make({}, huge);
      await expect(full).rejects.toMatchObject({ code: 'OUTPUT_FAILED', message: expect.stringContaining('room') });
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes with its process, whose exit is not waited for', async () => {
    const script = `
      const { makeRandomModel } = await import('${new URL('../../dist/bench/random-model.js', import.meta.url)}');
      await makeRandomModel('sd21', ${JSON.stringify(shapes)});
      process.exit(3);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TMPDIR: folder },
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that there is no temporary folder', async () => {
    await inTemporary(path.join(folder, 'none'), () =>
      expect(make()).rejects.toMatchObject({
        code: 'OUTPUT_FAILED',
        message: expect.stringMatching(/none: .*TMPDIR/) as string,
      }),
    );
  });
});

describe('a random model that is kept', () => {
  it('is written once, and then used as it is', async () => {
    const first = await make({ folder: kept });
    expect(first.folder).toBe(kept);
    await first[Symbol.asyncDispose]();
    const before = everything(kept);
    expect(Object.keys(before)).toEqual(ALL);
    const times = ALL.map((name) => statSync(path.join(kept, name)).mtimeMs);
    await using second = await make({ folder: kept });
    expect(second.folder).toBe(kept);
    expect(ALL.map((name) => statSync(path.join(kept, name)).mtimeMs)).toEqual(times);
    expect(everything(kept)).toEqual(before);
    const options = { length: 77, bos: 49406, eos: 49407, pad: 0, vocabulary: 49408 };
    expect((await ClipTokenizer.load(path.join(kept, 'tokenizer'), options)).size).toBe(49408);
  });

  it.each([
    ['weights without an index', { 'unet/diffusion_pytorch_model.safetensors': 'mine' }, 'unet'],
    ['a model', { 'model_index.json': '{"_class_name":"StableDiffusionPipeline"}', 'unet/x': 'mine' }, 'no mark'],
    ['an index that is no JSON', { 'model_index.json': 'mine' }, 'no mark'],
    ['an index that is a list', { 'model_index.json': '[]' }, 'no mark'],
    ['random weights of another model', { 'model_index.json': '{"_random":"sdxl"}' }, 'sdxl'],
    ['a file', { 'notes.txt': 'mine' }, 'notes.txt'],
    ['a bundle', { 'manifest.json': '{}' }, 'manifest.json'],
    [
      'weights in the place of random ones',
      { 'model_index.json': '{"_random":"sd21"}', 'unet/diffusion_pytorch_model.safetensors': 'mine' },
      'unet/diffusion_pytorch_model.safetensors',
    ],
    [
      'words in the place of the tokenizer',
      { 'model_index.json': '{"_random":"sd21"}', 'tokenizer/merges.txt': 'mine' },
      'tokenizer/merges.txt',
    ],
  ])('leaves %s alone', async (_, files, why) => {
    lay(files);
    const before = everything(kept);
    await expect(make({ folder: kept })).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining(why) as string,
    });
    expect(everything(kept)).toEqual(before);
  });

  it('does not take weights of the same size for its own', async () => {
    await make({ folder: kept });
    const file = path.join(kept, 'unet/diffusion_pytorch_model.safetensors');
    writeFileSync(file, Buffer.alloc(statSync(file).size));
    await expect(make({ folder: kept })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(readFileSync(file).every((byte) => byte === 0)).toBe(true);
  });

  it('is no file and no link to nowhere', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    symlinkSync('/nowhere/at/all', path.join(folder, 'link'));
    for (const name of ['file', 'file/below', 'link'])
      await expect(make({ folder: path.join(folder, name) })).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  });

  it('leaves nothing where it has no room, or is aborted before it begins', async () => {
    await expect(make({ folder: kept }, huge)).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringMatching(/room/) as string,
    });
    await expect(make({ folder: kept, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(kept, { recursive: true });
    await expect(make({ folder: kept }, huge)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
    expect(readdirSync(kept)).toEqual([]);
  });

  it('goes on where it was interrupted', async () => {
    await make({ folder: kept });
    const whole = everything(kept);
    const unet = path.join(kept, 'unet/diffusion_pytorch_model.safetensors');
    const vae = path.join(kept, 'vae/diffusion_pytorch_model.safetensors');
    rmSync(unet);
    // What a process left that was killed: none has this number.
    const left = temporaryIn(path.dirname(unet)).replace(`-${process.pid}-`, '-4194305-');
    writeFileSync(left, 'a part');
    const before = statSync(vae);
    await make({ folder: kept });
    expect(everything(kept)).toEqual(whole);
    expect(statSync(vae).mtimeMs).toBe(before.mtimeMs);
    // Aborted on its way: only whole files, and nothing temporary.
    rmSync(unet);
    const stop = new AbortController();
    const slow = make({ folder: kept, signal: stop.signal }, { ...shapes, unet: { 'c.weight': [20_000, 10_000] } });
    await until(() => readdirSync(path.join(kept, 'unet')).length > 0);
    stop.abort();
    await expect(slow).rejects.toMatchObject({ code: 'ABORTED' });
    expect(Object.keys(everything(kept))).toEqual(ALL.filter((name) => !name.startsWith('unet/')));
    await make({ folder: kept });
    expect(everything(kept)).toEqual(whole);
  });

  it('is written by one at a time', async () => {
    const models = await Promise.all([1, 2, 3].map(() => make({ folder: kept })));
    expect(models.map((model) => model.folder)).toEqual([kept, kept, kept]);
    expect(Object.keys(everything(kept))).toEqual(ALL);
  });

  it('waits for another process, and ends its wait with the signal', async () => {
    mkdirSync(kept, { recursive: true });
    const lock = await lockFile(path.join(kept, '.invseg-random'));
    const stop = new AbortController();
    const waiting = make({ folder: kept, signal: stop.signal });
    const other = make({ folder: kept });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(readdirSync(kept)).toEqual(['.invseg-random.lock']);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await lock[Symbol.asyncDispose]();
    await other;
    expect(Object.keys(everything(kept))).toEqual(ALL);
  });

  it('by several processes is never seen torn, and a killed one is taken over', async () => {
    const script = `
      const { makeRandomModel } = await import('${new URL('../../dist/bench/random-model.js', import.meta.url)}');
      const { partsOf } = await import('${new URL('../../dist/bench/random-parts.js', import.meta.url)}');
      const shapes = ${JSON.stringify({ ...shapes, unet: { 'c.weight': [30_000, 1000] } })};
      const { folder } = await makeRandomModel('sd21', shapes, { folder: process.argv[1] });
      for (const part of partsOf('sd21', shapes))
        if (!(await part.isWritten(folder))) throw new Error(part.file);`;
    const start = () => spawn(process.execPath, ['--input-type=module', '-e', script, kept], { stdio: 'pipe' });
    const killed = start();
    await until(() => existsSync(path.join(kept, 'unet')) && readdirSync(path.join(kept, 'unet')).length > 0);
    const others = [start(), start()].map(async (child) => {
      let err = '';
      child.stderr.on('data', (data) => (err += data));
      return { code: await new Promise((resolve) => child.on('close', resolve)), err };
    });
    killed.kill('SIGKILL');
    for (const ended of await Promise.all(others)) expect(ended).toEqual({ code: 0, err: '' });
    expect(Object.keys(everything(kept))).toEqual(ALL);
  });
});

describe('options of a random model', () => {
  const wrong = [
    [{ fodler: 'x' }, 'fodler'],
    [{ keep: 'x' }, 'keep'],
    [{ folder: '' }, 'folder'],
    [{ folder: 7 }, 'folder'],
    [{ signal: 7 }, 'signal'],
    [{ signal: {} }, 'signal'],
    [{ signal: new AbortController() }, 'signal'],
    [{ signal: null }, 'signal'],
    [null, 'options'],
  ] as const;
  it.each(wrong)('are named before anything else: %j', async (options, name) => {
    await inTemporary(folder, () =>
      expect(randomModel('sd21', options as never)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(name) as string,
      }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('the parts of the full size are 2.5 GB', async () => {
  const file = new URL('../../models/sd21/parameters.json', import.meta.url);
  const parts = partsOf('sd21', JSON.parse(readFileSync(file, 'utf8')) as ModelShapes);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  expect(bytes / 1e9).toBeCloseTo(2.5, 1);
});

async function until(reached: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!reached()) {
    if (performance.now() > end) throw new Error('It did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
