/** What is refused, with which message, and what happens to a disposed model. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { VisionLanguage, type VisionLanguageOptions } from '../../lib/vision-language/index.js';
import { makeBlip, makeClip, makePicture, temporaryFolder } from './made.js';

// The tiny models' code is that of the tests.
const cpu = { device: 'cpu', threads: 1, trustCode: true } as const;

/** The code and the message of what `run` rejects with. */
async function failure(run: Promise<unknown>): Promise<{ code: string; message: string }> {
  return run.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
  );
}

describe('folders', () => {
  async function refused(options: object): Promise<{ code: string; message: string }> {
    return failure(VisionLanguage.open(options as VisionLanguageOptions));
  }

  test('no model, or not a folder’s name', async () => {
    expect(await refused({})).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('received neither'),
    });
    expect(await refused({ clip: 3 })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('for clip'),
    });
    expect(await refused({ clip: 'x', model: 'y' })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('Known are clip, blip,'),
    });
    expect(await refused({ clip: 'x', dtype: 'float8' })).toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('a folder that is not there, and an empty one', async () => {
    const folder = await temporaryFolder();
    expect(await refused({ clip: 'openai/clip' })).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringMatching(/CLIP ViT-L\/14 "openai\/clip": there is no such folder/),
    });
    expect(await refused({ blip: folder })).toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('neither config.json (BLIP-large'),
    });
  });

  test('another model, or another size of it, by its configuration', async () => {
    const folder = await temporaryFolder();
    const config = path.join(folder, 'config.json');
    await writeFile(config, JSON.stringify({ model_type: 'siglip' }));
    expect(await refused({ clip: folder })).toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('model_type is "siglip", but clip-vit-large-patch14 has "clip"'),
    });
    await writeFile(config, JSON.stringify({ model_type: 'blip', vision_config: { hidden_size: 768 } }));
    expect(await refused({ blip: folder })).toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('vision_config.hidden_size is 768, but blip-image-captioning-large has 1024'),
    });
    await writeFile(config, '{');
    expect(await refused({ blip: folder })).toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  test('no weights, or pickled ones', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'config.json'), JSON.stringify({ model_type: 'clip' }));
    expect(await refused({ clip: folder })).toMatchObject({
      code: 'WEIGHTS_NOT_FOUND',
      message: expect.stringContaining('model.safetensors'),
    });
    await writeFile(path.join(folder, 'pytorch_model.bin'), 'x');
    expect(await refused({ clip: folder })).toMatchObject({ code: 'WEIGHTS_PICKLE' });
  });

  test('a bundle of the other kind, and one whose manifest has a mistake', async () => {
    const clip = await makeClip();
    expect(await refused({ blip: clip, ...cpu })).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('expected "captioner" at kind but found "contrastive"'),
    });
    await writeFile(path.join(clip, 'manifest.json'), '{"format":"invseg-bundle/1","kind":"contrastive","name":"x"}');
    expect(await refused({ clip })).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringMatching(/expected .* but found nothing/),
    });
  });

  test('weights of another shape name the tensor; a missing tokenizer names the file', async () => {
    const clip = await makeClip();
    const blip = await makeBlip(true);
    await rm(path.join(blip, 'vision_encoder.pt'));
    await rm(path.join(clip, 'tokenizer'), { recursive: true });
    await mkdir(path.join(clip, 'tokenizer'));
    expect(await refused({ clip, ...cpu })).toMatchObject({ code: 'TOKENIZER_INVALID' });
    expect(await refused({ blip, ...cpu })).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('vision_encoder.pt: there is no such file'),
    });
  });
});

describe('special ids of a captioner', () => {
  test.each([
    [
      { start: 9999 },
      /manifest\.json: expected a number below \d+, the tokens of the text decoder, at tokenizer\.start but found 9999$/,
    ],
    [{ end: 9999 }, /at tokenizer\.end but found 9999$/],
    [{ start: 3, end: 3 }, /expected different numbers at tokenizer\.start and tokenizer\.end but both are 3$/],
  ])('are its decoder’s: %j', async (ids, message) => {
    const blip = await makeBlip(true);
    const file = path.join(blip, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...manifest, tokenizer: { ...manifest.tokenizer, ...ids } }));
    expect(await failure(VisionLanguage.open({ blip, ...cpu }))).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('calls', () => {
  let models: VisionLanguage;
  beforeAll(async () => {
    models = await VisionLanguage.open({ clip: await makeClip(), blip: await makeBlip(false), ...cpu });
  });
  afterAll(() => models.dispose());

  test('what runs where', () => {
    expect(models.info).toMatchObject({
      device: 'cpu',
      dtype: 'float32',
      clip: { name: 'tiny-clip' },
      blip: { name: 'tiny-blip' },
    });
  });

  test('texts that make no tokens or too many', async () => {
    expect(await failure(models.wordStates(['cat', ' ']))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('a word that makes tokens but " "'),
    });
    expect(await failure(models.textEmbeddings(['x '.repeat(40)]))).toMatchObject({ code: 'NAME_TOO_LONG' });
    // Before the square of its length is worked on.
    expect(await failure(models.textEmbeddings(['x'.repeat(10_001)]))).toMatchObject({
      code: 'NAME_TOO_LONG',
      message: expect.stringContaining('at most 10000 characters'),
    });
    expect(await failure(models.textEmbeddings([3 as never]))).toMatchObject({ code: 'INVALID_OPTION' });
  });

  test('a prefix that leaves no room, and numbers out of range', async () => {
    const picture = makePicture(2);
    expect(await failure(models.captions(picture, ['a picture of a cat'], { maxLength: 4 }))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('Expected a prefix of at most 2 sub-tokens (maxLength 4)'),
    });
    expect(await failure(models.captions(picture, [''], { beams: 0 }))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await failure(models.captions(picture, [''], { maxLength: 41 }))).toMatchObject({ code: 'INVALID_OPTION' });
    expect(await failure(models.captions('nowhere.png', ['']))).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  test('a model that was not opened', async () => {
    await using only = await VisionLanguage.open({ clip: await makeClip(), ...cpu });
    expect(await failure(only.captions(makePicture(2), ['']))).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('a folder for blip'),
    });
  });
});

test('half precision is close to single', async () => {
  const folder = await makeClip();
  await using single = await VisionLanguage.open({ clip: folder, ...cpu });
  await using half = await VisionLanguage.open({ clip: folder, ...cpu, dtype: 'bfloat16' });
  const [a, b] = await Promise.all([single.imageEmbedding(makePicture(1)), half.imageEmbedding(makePicture(1))]);
  expect(a.reduce((sum, value, i) => sum + value * b[i]!, 0)).toBeGreaterThan(0.99);
});

test('disposal: what runs ends, what waits or comes later is refused, and nothing is left', async () => {
  const { binding } = loadBinding();
  const before = binding.probe();
  const models = await VisionLanguage.open({ blip: await makeBlip(true), ...cpu });
  expect(binding.probe().handles).toBe(before.handles + 1);
  expect(binding.probe().bytes).toBeGreaterThan(before.bytes);
  const calls = [1, 2, 3].map((seed) => models.captions(makePicture(seed), ['']));
  const settled = Promise.allSettled(calls);
  await models.dispose();
  await models.dispose();
  for (const result of await settled) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'DISPOSED' });
  }
  expect(await failure(models.captions(makePicture(1), ['']))).toMatchObject({ code: 'DISPOSED' });
  expect(binding.probe()).toEqual(before);
});

test('numbers that overflow are an error, not a similarity', async () => {
  const folder = await makeClip();
  const file = path.join(folder, 'model.safetensors');
  const bytes = await readFile(file);
  bytes.fill(Buffer.from(Float32Array.of(1e38).buffer), 8 + Number(bytes.readBigUInt64LE(0)));
  await writeFile(file, bytes);
  await using models = await VisionLanguage.open({ clip: folder, ...cpu });
  for (const ask of [
    () => models.imageEmbedding(makePicture(1)),
    () => models.textEmbeddings(['a cat']),
    () => models.wordStates(['cat']),
  ]) {
    expect(await failure(ask())).toMatchObject({
      code: 'NOT_FINITE',
      message: expect.stringContaining('NaN or infinity'),
    });
  }
});

test('a description tells models from others of their name, once they are identified', async () => {
  const [folder, other] = [await makeClip(), await makeClip()];
  await using models = await VisionLanguage.open({ clip: folder, ...cpu });
  const plain = models.description;
  await models.identify();
  expect(models.description).toMatch(new RegExp(`^${plain} \\([0-9a-f]{8}\\)$`));
  await using same = await VisionLanguage.open({ clip: other, ...cpu });
  await same.identify();
  expect(same.description).toBe(models.description);
  const merges = path.join(other, 'tokenizer', 'merges.txt');
  await writeFile(merges, (await readFile(merges, 'utf8')).trimEnd().split('\n').slice(0, -1).join('\n'));
  await same.identify();
  expect(same.description).not.toBe(models.description);
});
