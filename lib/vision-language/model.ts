/**
 * Opens a model of pictures and texts: a folder in transformers layout, or a bundle. Only JSON and headers are read here.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { shownPath } from '../addresses.js';
import { InvSegError } from '../errors.js';
import type { ModelIdentity } from '../models/index.js';
import {
  checkNames,
  EMBEDDED,
  findCode,
  findWeights,
  hashFiles,
  hashJson,
  hashNamed,
  hashTokenizer,
  isFile,
} from '../models/index.js';
import type { NativeModule, TensorSource } from '../native/index.js';
import { LIMITS, readField } from '../system/index.js';
import { type ModelKind, type ModelManifest, readModelManifest, type TiedModule } from './manifest.js';

export interface OpenedModel {
  /** Folder of the weights, absolute. */
  folder: string;
  manifest: ModelManifest;
  /** Where the manifest lies. */
  manifestFile: string;
  /** By the manifest's names. */
  modules: Record<string, NativeModule>;
  tokenizerFolder: string;
  /** Everything that makes it this model; reads all weights. @throws InvSegError `WEIGHTS_…`, `TOKENIZER_INVALID` */
  identity(): Promise<ModelIdentity>;
}

const MANIFEST = 'manifest.json';
// The same two steps up from lib/vision-language and from dist/vision-language.
const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));
/** Manifest and TorchScript in this package for a folder in transformers layout, and how users call the model. */
const PUBLISHED = {
  contrastive: { folder: 'clip', title: 'CLIP ViT-L/14' },
  captioner: { folder: 'blip', title: 'BLIP-large (image captioning)' },
} as const;

/** The small models in the package, both in the folder of the small model whose weights they share. */
export function embeddedFilter(): { clip: string; blip: string } {
  const folder = path.join(MODELS, EMBEDDED);
  return { clip: folder, blip: folder };
}

/**
 * @param kind what the folder has to hold
 * @param model a folder with `config.json` and `model.safetensors`, or a bundle: with `manifest.json`, or, beside another
 * model's, `contrastive.json` or `captioner.json`
 * @param trustCode whether a bundle's TorchScript may be anybody's
 * @throws InvSegError `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED`, `MANIFEST_INVALID`, `CODE_UNTRUSTED`, `WEIGHTS_…`; the first line names the
 * file or folder
 */
export async function openModel(kind: ModelKind, model: string, trustCode = false): Promise<OpenedModel> {
  const folder = path.resolve(model);
  const { title } = PUBLISHED[kind];
  const found = model === '' ? undefined : await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new InvSegError(
      'MODEL_NOT_FOUND',
      `${title} ${JSON.stringify(shownPath(model))}: there is no such folder; expected one with config.json and model.safetensors. ` +
        'Nothing is downloaded by itself.',
    );
  }
  for (const manifest of [`${kind}.json`, MANIFEST]) {
    if (await isFile(path.join(folder, manifest))) return open(kind, path.join(folder, manifest), folder, trustCode);
  }
  if (await isFile(path.join(folder, 'config.json'))) {
    return open(kind, path.join(MODELS, PUBLISHED[kind].folder, MANIFEST), folder, false);
  }
  throw new InvSegError(
    'MODEL_NOT_FOUND',
    `${folder}: it has neither config.json (${title} in transformers layout) nor manifest.json`,
  );
}

/** @param file the manifest, the TorchScript below its folder @param folder folder of weights and tokenizer */
async function open(kind: ModelKind, file: string, folder: string, trusted: boolean): Promise<OpenedModel> {
  const manifest = await readModelManifest(file, kind);
  for (const [config, expected] of Object.entries(manifest.expect)) {
    await checkConfig(path.join(folder, config), expected, manifest);
  }
  const modules: Record<string, NativeModule> = {};
  const codes: Record<string, string> = {};
  const files = new Set<string>();
  for (const [name, module] of Object.entries(manifest.modules)) {
    const { script, code, sha256 } = await findCode(
      path.join(path.dirname(file), module.script),
      `modules.${name}.script`,
      trusted,
    );
    const weights = await readWeights(folder, module);
    modules[name] = { script, code, weights };
    codes[name] = sha256;
    for (const tensor of weights) files.add(tensor.file);
  }
  const tokenizerFolder = path.join(folder, manifest.tokenizer.folder);
  const identity = async (): Promise<ModelIdentity> => ({
    weights: await hashFiles(folder, [...files].sort()),
    manifest: hashJson(manifest),
    code: hashNamed(codes),
    tokenizer: await hashTokenizer(tokenizerFolder),
  });
  return { folder, manifest, manifestFile: file, modules, tokenizerFolder, identity };
}

async function readWeights(folder: string, { weights, tied }: TiedModule): Promise<TensorSource[]> {
  const tensors: TensorSource[] = [];
  for (const part of weights) tensors.push(...(await findWeights(folder, part)).tensors);
  checkNames(folder, tensors);
  for (const [parameter, name] of tied) {
    const source = tensors.find((tensor) => tensor.name === name);
    if (source && !tensors.some((tensor) => tensor.name === parameter)) tensors.push({ ...source, name: parameter });
  }
  return tensors;
}

/** Refuses another size of the architecture by its configuration; fields that the file does not have are not compared. */
async function checkConfig(file: string, expected: unknown, { name, kind }: ModelManifest): Promise<void> {
  const config = await readField(file, LIMITS.manifest, 'MANIFEST_INVALID');
  const wrong = difference(expected, config.value, '');
  if (wrong === undefined) return;
  throw new InvSegError(
    'MODEL_UNSUPPORTED',
    `${file}: ${wrong.field} is ${JSON.stringify(wrong.found)}, but ${name} has ${JSON.stringify(wrong.expected)}\n` +
      `The folder holds another model; supported is ${PUBLISHED[kind].title}.`,
  );
}

interface Difference {
  field: string;
  expected: unknown;
  found: unknown;
}

function difference(expected: unknown, found: unknown, field: string): Difference | undefined {
  if (found === undefined || found === null) return undefined;
  if (typeof expected !== 'object' || expected === null) {
    return found === expected ? undefined : { field, expected, found };
  }
  for (const [key, value] of Object.entries(expected)) {
    const inner = difference(
      value,
      Object.hasOwn(found, key) ? (found as Record<string, unknown>)[key] : undefined,
      field ? `${field}.${key}` : key,
    );
    if (inner) return inner;
  }
  return undefined;
}
