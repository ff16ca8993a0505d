/** Small models in temporary folders: right in every header, without meaning. */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { Field } from '../../lib/checks/index.js';
import type { BundleManifest } from '../../lib/models/manifest.js';
import { checkManifest as check } from '../../lib/models/manifest-check.js';
import { writeTensors } from './safetensors-file.js';

const MODELS = path.join(import.meta.dirname, '..', '..', 'models');
const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'invseg-model-'));
  made.push(folder);
  return folder;
}

export async function sd21Manifest(): Promise<BundleManifest> {
  return JSON.parse(await readFile(path.join(MODELS, 'sd21', 'manifest.json'), 'utf8')) as BundleManifest;
}

/** A value as the manifest that stands in `file`. */
export const checkManifest = (value: unknown, file: string): BundleManifest =>
  check(new Field(value, { file, code: 'MANIFEST_INVALID' }));

/** A manifest that is right; tests change a field. */
export function makeManifest(): Record<string, any> {
  const module = (name: string): object => ({ script: `${name}.pt`, weights: `${name}.safetensors` });
  return {
    format: 'invseg-bundle/1',
    name: 'tiny',
    version: '1',
    license: 'Apache-2.0',
    source: 'a test',
    modules: { textEncoder: module('text_encoder'), vaeEncoder: module('vae_encoder'), unet: module('unet') },
    tokenizer: { folder: 'tokenizer', length: 32, bos: 1, eos: 2, pad: 0 },
    image: { size: 128, latentSize: 32, latentChannels: 4, latentScale: 1 },
    contextWidth: 96,
    timeWidth: 32,
    schedule: { steps: 1000, betaStart: 0.00085, betaEnd: 0.012 },
    layers: [
      { name: 'down_blocks.0.attentions.0', level: 0, heads: 1 },
      { name: 'down_blocks.1.attentions.0', level: 1, heads: 2 },
      { name: 'mid_block.attentions.0', level: 2, heads: 4 },
      { name: 'up_blocks.1.attentions.0', level: 1, heads: 2 },
    ],
    defaults: { inference: { cross: { 16: 1 }, self: { 32: 2, 16: 1 } }, training: { 16: 1 }, methods: {} },
    names: [],
  };
}

/** A bundle with `manifest.json`. */
export async function writeBundle(change?: (manifest: Record<string, any>) => void): Promise<string> {
  const folder = await temporaryFolder();
  const manifest = makeManifest();
  change?.(manifest);
  await writeFile(path.join(folder, 'manifest.json'), JSON.stringify(manifest));
  for (const name of ['text_encoder', 'vae_encoder', 'unet']) {
    await cp(path.join(MODELS, 'miniature', `${name}.pt`), path.join(folder, `${name}.pt`));
    await writeTensors(path.join(folder, `${name}.safetensors`), { [`${name}.weight`]: [2, 3] });
  }
  return folder;
}

/** A folder in diffusers layout: SD 2.1's configurations, few tensors. */
export async function writeDiffusers(): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ['unet', 'vae', 'text_encoder', 'scheduler', 'tokenizer']) await mkdir(path.join(folder, name));
  for (const [file, fields] of Object.entries((await sd21Manifest()).expect)) {
    await writeFile(path.join(folder, file), JSON.stringify({ _diffusers_version: '0.30.0', ...fields }));
  }
  await writeFile(path.join(folder, 'model_index.json'), JSON.stringify({ _class_name: 'StableDiffusionPipeline' }));
  await writeTensors(path.join(folder, 'text_encoder/model.safetensors'), {
    'text_model.embeddings.token_embedding.weight': [49408, 2],
    'text_model.final_layer_norm.weight': [2],
  });
  await writeTensors(path.join(folder, 'vae/diffusion_pytorch_model.safetensors'), {
    'decoder.conv_in.weight': [5],
    'encoder.conv_in.weight': [3],
    'encoder.mid_block.attentions.0.proj_attn.bias': [2],
    'encoder.mid_block.attentions.0.query.weight': [2, 2],
    'encoder.mid_block.attentions.0.to_k.weight': [2, 2],
    'post_quant_conv.weight': [2],
    'quant_conv.weight': [2],
  });
  await writeTensors(path.join(folder, 'unet/diffusion_pytorch_model.safetensors'), {
    'conv_in.weight': [4],
    'conv_out.weight': [4],
  });
  return folder;
}

export async function copyFile(folder: string, from: string, to: string): Promise<void> {
  await cp(path.join(folder, from), path.join(folder, to));
}
