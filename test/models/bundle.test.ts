import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { openBundle } from '../../lib/models/bundle.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';
import { copyFile, temporaryFolder, writeBundle, writeDiffusers } from './model-folders.js';
import { makeSafetensors, writeTensors } from './safetensors-file.js';

const names = (module: { weights: { name: string }[] }): string[] => module.weights.map((tensor) => tensor.name).sort();
const first = (error: unknown): string => (error as Error).message.split('\n')[0]!;

describe('a bundle', () => {
  it('has all that the engine needs', async () => {
    const folder = await writeBundle();
    const bundle = await openBundle(folder);
    expect(bundle).toMatchObject({ name: 'tiny', folder, tokenizerFolder: path.join(folder, 'tokenizer') });
    expect(bundle.engineConfig).toMatchObject({
      imageSize: 128,
      latentSize: 32,
      latentChannels: 4,
      latentScale: 1,
      promptLength: 32,
      contextWidth: 96,
      timeWidth: 32,
      schedule: { steps: 1000, betaStart: 0.00085, betaEnd: 0.012 },
    });
    expect(bundle.engineConfig.layers).toHaveLength(4);
    const file = path.join(folder, 'unet.safetensors');
    const [tensor] = bundle.engineConfig.unet.weights;
    expect(bundle.engineConfig.unet.script).toBe(path.join(bundle.folder, 'unet.pt'));
    expect(tensor).toMatchObject({ name: 'unet.weight', file, dtype: 'F16', shape: [2, 3] });
    expect(tensor!.end - tensor!.begin).toBe(12);
    expect(bundle.files.map((found) => path.basename(found.path))).toEqual([
      'text_encoder.safetensors',
      'vae_encoder.safetensors',
      'unet.safetensors',
    ]);
    expect(bundle.files[2]!.bytes).toBe((await readFile(file)).length);
  });

  it('is in the package, and opens by default and by name in milliseconds', async () => {
    await openBundle();
    const bundle = await openBundle();
    expect((await openBundle('miniature')).folder).toBe(bundle.folder);
    const tokenizer = await ClipTokenizer.load(bundle.tokenizerFolder, {
      ...bundle.manifest.tokenizer,
      vocabulary: bundle.vocabulary,
    });
    expect(tokenizer.size).toBe(bundle.vocabulary);
    expect(tokenizer.token(tokenizer.bos)).toBe('<|startoftext|>');
    expect(tokenizer.encode('cat')).toHaveLength(1);
  });

  it('opens by a relative path and through a link', async () => {
    const folder = await writeBundle();
    expect((await openBundle(path.relative(process.cwd(), folder))).folder).toBe(folder);
    const link = path.join(await temporaryFolder(), 'link');
    await symlink(folder, link);
    expect((await openBundle(link)).name).toBe('tiny');
  });

  const broken: [string, (folder: string) => Promise<unknown>, string, RegExp][] = [
    [
      'weights missing',
      (f) => rm(path.join(f, 'unet.safetensors')),
      'WEIGHTS_NOT_FOUND',
      /unet\.safetensors: there is no such file$/,
    ],
    [
      'weights truncated',
      (f) => truncate(path.join(f, 'unet.safetensors'), 80),
      'WEIGHTS_INVALID',
      /unet\.safetensors: .*tensor "unet\.weight" ends at/,
    ],
    [
      'weights empty',
      (f) => truncate(path.join(f, 'unet.safetensors'), 0),
      'WEIGHTS_INVALID',
      /unet\.safetensors: it has 0 bytes/,
    ],
    [
      'weights in F64',
      (f) => writeTensors(path.join(f, 'unet.safetensors'), { a: [1] }, 'F64'),
      'WEIGHTS_INVALID',
      /unet\.safetensors: tensor "a" is F64/,
    ],
    [
      'weights in I64',
      (f) => writeTensors(path.join(f, 'unet.safetensors'), { a: [1] }, 'I64'),
      'WEIGHTS_INVALID',
      /tensor "a" is I64; weights are F32, F16 or BF16/,
    ],
    [
      'a script missing',
      (f) => rm(path.join(f, 'unet.pt')),
      'MANIFEST_INVALID',
      /unet\.pt: there is no such file; modules\.unet\.script/,
    ],
    [
      'a folder in place of a script',
      async (f) => (await rm(path.join(f, 'unet.pt')), mkdir(path.join(f, 'unet.pt'))),
      'MANIFEST_INVALID',
      /unet\.pt: it is a folder, not a file; modules\.unet\.script/,
    ],
    [
      'a folder in place of weights',
      async (f) => (await rm(path.join(f, 'unet.safetensors')), mkdir(path.join(f, 'unet.safetensors'))),
      'WEIGHTS_INVALID',
      /unet\.safetensors: it is a folder, not a file$/,
    ],
    [
      'a broken manifest',
      (f) => writeFile(path.join(f, 'manifest.json'), '{"format":'),
      'MANIFEST_INVALID',
      /manifest\.json:1:11: it is not valid JSON/,
    ],
  ];
  it.each(broken)('%s', async (_, breakIt, code, message) => {
    const folder = await writeBundle();
    await breakIt(folder);
    const error = await openBundle(folder).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code });
    expect(first(error)).toMatch(message);
  });
});

it('keys of a manifest that nobody reads are a warning', async () => {
  const told: Error[] = [];
  const listen = (warning: Error): number => told.push(warning);
  process.on('warning', listen);
  try {
    await openBundle(await writeBundle());
    const folder = await writeBundle((manifest) => (manifest['nmaes'] = ['cat']));
    await openBundle(folder);
    await new Promise(setImmediate);
    expect(told.map(({ name, message }) => [name, message])).toEqual([
      [
        'InvSegWarning',
        `${path.join(folder, 'manifest.json')}: unknown key "nmaes", which is not read; did you mean names?`,
      ],
    ]);
  } finally {
    process.off('warning', listen);
  }
});

describe('a folder in diffusers layout', () => {
  it("takes SD 2.1's scripts and the folder's weights", async () => {
    const folder = await writeDiffusers();
    const bundle = await openBundle(folder);
    expect(bundle).toMatchObject({ name: 'stable-diffusion-2.1', folder, vocabulary: 49408 });
    expect(bundle.tokenizerFolder).toBe(path.join(folder, 'tokenizer'));
    expect(bundle.engineConfig.unet.script).toMatch(/models[\\/]sd21[\\/]unet\.pt$/);
    expect(existsSync(bundle.engineConfig.unet.script)).toBe(true);
    expect(bundle.engineConfig).toMatchObject({ imageSize: 512, latentSize: 64, promptLength: 77, timeWidth: 320 });
    expect(names(bundle.engineConfig.unet)).toEqual(['conv_in.weight', 'conv_out.weight']);
  });

  it("leaves the VAE's decoder out and renames the older attention", async () => {
    expect(names((await openBundle(await writeDiffusers())).engineConfig.vaeEncoder)).toEqual([
      'encoder.conv_in.weight',
      'encoder.mid_block.attentions.0.to_k.weight',
      'encoder.mid_block.attentions.0.to_out.0.bias',
      'encoder.mid_block.attentions.0.to_q.weight',
      'quant_conv.weight',
    ]);
  });

  it('refuses both spellings of one parameter', async () => {
    const folder = await writeDiffusers();
    const start = 'encoder.mid_block.attentions.0';
    await writeTensors(path.join(folder, 'vae/diffusion_pytorch_model.safetensors'), {
      [`${start}.query.weight`]: [2],
      [`${start}.to_q.weight`]: [2],
    });
    const error = await openBundle(folder).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'WEIGHTS_INVALID' });
    expect(first(error)).toContain(`tensor "${start}.to_q.weight" is there in two spellings`);
  });

  it('ignores position ids, and reads the text encoder of newer tools', async () => {
    const folder = await writeDiffusers();
    const id = { dtype: 'I64', shape: [1], data_offsets: [0, 8] };
    const norm = { dtype: 'F16', shape: [1], data_offsets: [8, 10] };
    for (const prefix of ['', 'text_model.']) {
      const header = { [`${prefix}embeddings.position_ids`]: id, [`${prefix}final_layer_norm.bias`]: norm };
      await writeFile(path.join(folder, 'text_encoder/model.safetensors'), makeSafetensors(header, 10));
      const bundle = await openBundle(folder);
      expect(names(bundle.engineConfig.textEncoder)).toEqual(['text_model.final_layer_norm.bias']);
      expect(bundle.vocabulary).toBeUndefined();
    }
  });

  it('takes the .fp16 spelling where the plain one is missing', async () => {
    const folder = await writeDiffusers();
    const plain = path.join(folder, 'unet/diffusion_pytorch_model.safetensors');
    await rename(plain, plain.replace('.safetensors', '.fp16.safetensors'));
    const bundle = await openBundle(folder);
    expect(bundle.files.at(-1)!.path).toMatch(/\.fp16\.safetensors$/);
  });

  it('takes shards', async () => {
    const folder = await writeShards();
    const { engineConfig, files } = await openBundle(folder);
    expect(names(engineConfig.unet)).toEqual(['conv_in.weight', 'conv_out.weight']);
    expect(engineConfig.unet.weights.map((tensor) => path.basename(tensor.file))).toEqual([
      'a-00001.safetensors',
      'a-00002.safetensors',
    ]);
    expect(files).toHaveLength(4);
  });

  async function writeShards(map?: Record<string, unknown>): Promise<string> {
    const folder = await writeDiffusers();
    const unet = path.join(folder, 'unet');
    await rm(path.join(unet, 'diffusion_pytorch_model.safetensors'));
    await writeTensors(path.join(unet, 'a-00001.safetensors'), { 'conv_in.weight': [4] });
    await writeTensors(path.join(unet, 'a-00002.safetensors'), { 'conv_out.weight': [4] });
    const weightMap = map ?? { 'conv_out.weight': 'a-00002.safetensors', 'conv_in.weight': 'a-00001.safetensors' };
    const index = path.join(unet, 'diffusion_pytorch_model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
    return folder;
  }

  it('two shards with the same tensor, of which the last one would win', async () => {
    const folder = await writeShards();
    await writeTensors(path.join(folder, 'unet', 'a-00002.safetensors'), {
      'conv_in.weight': [4],
      'conv_out.weight': [4],
    });
    await expect(openBundle(folder)).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(/a-00002\.safetensors: tensor "conv_in\.weight" is in a-00001\.safetensors too/),
    });
  });

  const shards: [string, Record<string, unknown>, string, RegExp][] = [
    [
      'a missing shard',
      { a: 'a-00003.safetensors' },
      'WEIGHTS_NOT_FOUND',
      /a-00003\.safetensors: this shard is missing/,
    ],
    [
      'a tensor that its shard lacks',
      { 'conv_mid.weight': 'a-00001.safetensors' },
      'WEIGHTS_INVALID',
      /a-00001\.safetensors: tensor "conv_mid\.weight" is not in this shard/,
    ],
    [
      'a shard outside the folder',
      { a: '../x.safetensors' },
      'WEIGHTS_INVALID',
      /index\.json:1:34: expected a path below the folder.* at weight_map\.a/,
    ],
    ['a shard that is no safetensors file', { a: 'a.bin' }, 'WEIGHTS_INVALID', /at weight_map\.a but found "a\.bin"/],
    ['a shard that is a number', { a: 5 }, 'WEIGHTS_INVALID', /at weight_map\.a but found 5/],
  ];
  it.each(shards)('%s', async (_, map, code, message) => {
    const error = await openBundle(await writeShards(map)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(first(error)).toMatch(message);
  });

  it('an index that is no JSON', async () => {
    const folder = await writeShards();
    await writeFile(path.join(folder, 'unet/diffusion_pytorch_model.safetensors.index.json'), 'x');
    await expect(openBundle(folder)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
  });

  const others: [string, string, object, RegExp][] = [
    [
      'SD 1.5',
      'unet/config.json',
      { cross_attention_dim: 768, attention_head_dim: 8 },
      /unet\/config\.json: cross_attention_dim is 768, but stable-diffusion-2\.1 has 1024/,
    ],
    [
      'SDXL',
      'unet/config.json',
      { cross_attention_dim: 2048, block_out_channels: [320, 640, 1280] },
      /cross_attention_dim is 2048/,
    ],
    ['inpainting', 'unet/config.json', { in_channels: 9, cross_attention_dim: 1024 }, /in_channels is 9/],
    ['depth', 'unet/config.json', { in_channels: 5 }, /in_channels is 5/],
    [
      'other heads',
      'unet/config.json',
      { attention_head_dim: [8, 8, 8, 8] },
      /attention_head_dim is \[8,8,8,8\], but .* has \[5,10,20,20\]/,
    ],
    [
      'another text encoder',
      'text_encoder/config.json',
      { hidden_size: 768 },
      /text_encoder\/config\.json: hidden_size is 768/,
    ],
    ['another VAE', 'vae/config.json', { latent_channels: 16 }, /vae\/config\.json: latent_channels is 16/],
  ];
  it.each(others)('refuses %s', async (_, file, fields, message) => {
    const folder = await writeDiffusers();
    await writeFile(path.join(folder, file), JSON.stringify(fields));
    const error = await openBundle(folder).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    expect(first(error)).toMatch(message);
    expect((error as Error).message).toContain('(StableDiffusionPipeline) holds another model');
  });

  it('a configuration that is missing or silent is not compared; a broken one is refused', async () => {
    const folder = await writeDiffusers();
    await rm(path.join(folder, 'vae/config.json'));
    await writeFile(path.join(folder, 'unet/config.json'), '{"cross_attention_dim":1024,"in_channels":null}');
    await openBundle(folder);
    await writeFile(path.join(folder, 'unet/config.json'), '{');
    await expect(openBundle(folder)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it.each(['diffusion_pytorch_model.bin', 'model.ckpt', 'x.PT'])('refuses %s alone', async (name) => {
    const folder = await writeDiffusers();
    await rm(path.join(folder, 'unet/diffusion_pytorch_model.safetensors'));
    await writeFile(path.join(folder, 'unet', name), 'x');
    const error = await openBundle(folder).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'WEIGHTS_PICKLE' });
    expect(first(error)).toContain(path.join(folder, 'unet', name));
    expect(first(error)).toContain('can run code');
    expect((error as Error).message).toContain('save_pretrained');
  });

  it('a missing module names the files that would do', async () => {
    const folder = await writeDiffusers();
    await rm(path.join(folder, 'unet'), { recursive: true });
    const error = await openBundle(folder).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'WEIGHTS_NOT_FOUND' });
    expect(first(error)).toContain(path.join(folder, 'unet/diffusion_pytorch_model.safetensors'));
    expect((error as Error).message).toContain('diffusion_pytorch_model.fp16.safetensors');
  });

  it('a .bin beside safetensors weights does no harm', async () => {
    const folder = await writeDiffusers();
    await copyFile(folder, 'unet/diffusion_pytorch_model.safetensors', 'unet/diffusion_pytorch_model.bin');
    await openBundle(folder);
  });
});

describe('no model', () => {
  const cases: [string, (folder: string) => Promise<string>, string, RegExp][] = [
    [
      'an id of a hub',
      async () => 'someone/stable-diffusion-2-1-base',
      'MODEL_NOT_FOUND',
      /"someone\/stable-diffusion-2-1-base": there is no such folder; expected one with model_index\.json.*fetch the model/,
    ],
    ['a missing folder', async (f) => path.join(f, 'none'), 'MODEL_NOT_FOUND', /none": there is no such folder/],
    ['an empty text', async () => '', 'MODEL_NOT_FOUND', /Model "": there is no such folder/],
    [
      'an empty folder',
      async (f) => f,
      'MODEL_NOT_FOUND',
      /it has neither model_index\.json \(diffusers layout\) nor manifest\.json$/,
    ],
    [
      'a download cache',
      async (f) => (await mkdir(path.join(f, 'snapshots')), f),
      'MODEL_NOT_FOUND',
      /name the folder below snapshots\/$/,
    ],
    [
      'a single .safetensors',
      (f) => save(f, 'sd.safetensors'),
      'MODEL_UNSUPPORTED',
      /sd\.safetensors: a single file is not supported yet/,
    ],
    ['a .ckpt', (f) => save(f, 'sd.ckpt'), 'WEIGHTS_PICKLE', /sd\.ckpt: pickle weights are refused/],
    [
      'a folder with a .ckpt',
      async (f) => path.dirname(await save(f, 'sd.ckpt')),
      'WEIGHTS_PICKLE',
      /sd\.ckpt: pickle weights are refused/,
    ],
    [
      'a folder with TorchScript alone',
      async (f) => path.dirname(await script(f)),
      'MODEL_NOT_FOUND',
      /nor manifest\.json; unet\.pt is TorchScript, which a manifest\.json beside it would have to name$/,
    ],
    ['TorchScript', script, 'MODEL_UNSUPPORTED', /unet\.pt: it is TorchScript, one module of a model/],
    [
      'TorchScript beside a .ckpt',
      async (f) => (await script(f), path.dirname(await save(f, 'z.ckpt'))),
      'WEIGHTS_PICKLE',
      /z\.ckpt: pickle weights are refused/,
    ],
    [
      'a zip of torch.save',
      async (f) => {
        await writeFile(path.join(f, 'model.pt'), 'PK\x03\x04 model/data.pkl model/data/0 model/version');
        return f;
      },
      'WEIGHTS_PICKLE',
      /model\.pt: pickle weights are refused/,
    ],
  ];
  async function script(folder: string): Promise<string> {
    const file = path.join(folder, 'unet.pt');
    await writeFile(file, await readFile(path.resolve(import.meta.dirname, '../../models/sd21/unet.pt')));
    return file;
  }
  async function save(folder: string, name: string): Promise<string> {
    await writeFile(path.join(folder, name), 'x');
    return path.join(folder, name);
  }
  it.each(cases)('%s', async (_, make, code, message) => {
    const error = await openBundle(await make(await temporaryFolder())).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code });
    expect(first(error)).toMatch(message);
  });
});

describe('hashes', () => {
  const sha = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

  it("are sha256sum's, and one for all of them", async () => {
    const bundle = await openBundle(await writeBundle());
    const hashes = await bundle.fileHashes();
    const contents = await Promise.all(bundle.files.map((file) => readFile(file.path)));
    expect(hashes.map((hash) => hash.sha256)).toEqual(contents.map(sha));
    expect(hashes.map((hash) => hash.bytes)).toEqual(contents.map((content) => content.length));
    const lines = hashes.map((hash) => `${hash.sha256}  ${path.basename(hash.path)}\n`);
    expect(await bundle.weightsHash()).toBe(sha(lines.join('')));
  });

  it('are made anew when a file changes, and say when it is gone', async () => {
    const bundle = await openBundle(await writeBundle());
    const before = await bundle.weightsHash();
    expect(await bundle.weightsHash()).toBe(before);
    const file = bundle.files[0]!.path;
    const content = await readFile(file);
    content[content.length - 1] = 1;
    await writeFile(file, content);
    await utimes(file, 1, 1);
    expect(await bundle.weightsHash()).not.toBe(before);
    await rm(file);
    await expect(bundle.weightsHash()).rejects.toMatchObject({ code: 'WEIGHTS_NOT_FOUND' });
  });
});
