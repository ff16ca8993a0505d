/**
 * Opens a model: the one in this package, a bundle's folder, or a folder in diffusers layout. Only JSON and headers are
 * read, so it takes milliseconds and refuses what cannot work before gigabytes are loaded.
 */

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeAddress, shownPath } from '../addresses.js';
import { record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { NativeEngineConfig } from '../native/index.js';
import { resolveEngineOptions } from '../options/index.js';
import type { Code } from './code.js';
import { findCode } from './code.js';
import { checkConfigs } from './diffusers.js';
import { checkBundle } from './fit.js';
import { type FileHash, hashFile, hashFiles } from './hash.js';
import type { ModelIdentity } from './identity.js';
import { hashJson, hashNamed, hashTokenizer } from './identity.js';
import { type BundleManifest, MODULE_NAMES, type ModuleName } from './manifest.js';
import { readManifest } from './manifest-check.js';
import { isPickleName, isTorchScript, pickleError, refusePickle, torchFiles } from './pickle.js';
import { findWeights, isFile, type ModuleWeights, type WeightFile } from './weights.js';

/** What the engine needs to know about a model; device and precision are the caller's. */
export type BundleEngineConfig = Omit<
  NativeEngineConfig,
  'device' | 'dtype' | 'threads' | 'checkFinite' | 'copyWeights'
>;

export interface Bundle {
  /** The manifest's name. */
  name: string;
  /** Folder of the weights, absolute. */
  folder: string;
  manifest: BundleManifest;
  /** Where the manifest lies. */
  manifestFile: string;
  engineConfig: BundleEngineConfig;
  tokenizerFolder: string;
  /** Rows of the text encoder's token table, where the weights tell. */
  vocabulary: number | undefined;
  /** Weight files, each once. */
  files: WeightFile[];
  /**
   * SHA-256 of each weight file. Reads all of them once a process while they do not change.
   */
  fileHashes(): Promise<FileHash[]>;
  /** One SHA-256 for all: that of `sha256sum`'s lines for `files`, paths relative to `folder`. */
  weightsHash(): Promise<string>;
  /** Everything that makes it this model. @throws {InvSegError} `WEIGHTS_…`, `TOKENIZER_INVALID` */
  identity(): Promise<ModelIdentity>;
}

/** How a model folder is read. */
export interface OpenOptions {
  /** Load TorchScript that is not this package's. Default false. */
  trustCode?: boolean | undefined;
}

/** Name of the model in this package; a folder of this name is `./miniature`. */
export const EMBEDDED = 'miniature';
/** Manifests of this package that take their weights from a folder in diffusers layout. */
const DIFFUSERS_BUNDLE = 'sd21';

// The same two steps up from lib/models and from dist/models.
const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

/**
 * @param model undefined or `miniature`: the model of this package; the path of a bundle (`manifest.json`) or of Stable
 * Diffusion 2.1's weights in diffusers layout (`model_index.json`), which bring no code
 * @throws InvSegError `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED`, `MANIFEST_INVALID`, `CODE_UNTRUSTED`, `WEIGHTS_NOT_FOUND`,
 * `WEIGHTS_PICKLE`, `WEIGHTS_INVALID`; the first line names the file or folder.
 */
export async function openBundle(model?: string, { trustCode = false }: OpenOptions = {}): Promise<Bundle> {
  if (model === undefined || model === EMBEDDED) {
    const folder = path.join(MODELS, EMBEDDED);
    return openFolder(folder, folder, await readManifest(path.join(folder, 'manifest.json')), false);
  }
  const folder = path.resolve(model);
  await checkFolder(model, folder);
  const layouts = [
    await isFile(path.join(folder, 'manifest.json')),
    await isFile(path.join(folder, 'model_index.json')),
  ];
  if (layouts[0] && layouts[1]) {
    throw new InvSegError(
      'MODEL_UNSUPPORTED',
      `${folder}: it has manifest.json (a bundle) and model_index.json (diffusers layout); which one is meant? Take one of them away`,
    );
  }
  if (layouts[0]) {
    return openFolder(folder, folder, await readManifest(path.join(folder, 'manifest.json')), trustCode);
  }
  if (layouts[1]) {
    const scripts = path.join(MODELS, DIFFUSERS_BUNDLE);
    const manifest = await readManifest(path.join(scripts, 'manifest.json'));
    await checkConfigs(folder, manifest);
    return openFolder(scripts, folder, manifest, false);
  }
  throw (await pickleError(folder)) ?? (await noModel(folder));
}

/**
 * SHA-256 of what a model is made of, without loading it: two models of the same hashes give the same masks.
 *
 * @param model folder; default the model in the package
 * @param options whether foreign TorchScript is accepted
 * @returns a hash of the weights, the manifest, the code and the tokenizer
 * @throws {InvSegError} `INVALID_OPTION`, `MODEL_…`, `MANIFEST_…`, `CODE_UNTRUSTED`, `WEIGHTS_…`, `TOKENIZER_INVALID`
 * @example
 * ```ts
 * import { modelIdentity } from 'invseg-native';
 *
 * const { weights, code } = await modelIdentity();
 * console.log(weights, code);
 * ```
 */
export async function modelIdentity(model?: string, options: OpenOptions = {}): Promise<ModelIdentity> {
  record(options, 'options', 'an object with trustCode');
  const { trustCode = false } = options;
  return (await openBundle(model, resolveEngineOptions({ model, trustCode }))).identity();
}

/** @throws unless `folder` is a folder; `model` is what the user wrote. */
async function checkFolder(model: string, folder: string): Promise<void> {
  const found = model === '' ? undefined : await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  if (found && (await isTorchScript(folder))) {
    throw new InvSegError(
      'MODEL_UNSUPPORTED',
      `${folder}: it is TorchScript, one module of a model; name the folder of the bundle, the one with manifest.json`,
    );
  }
  if (found && isPickleName(folder)) throw refusePickle(folder);
  if (found) {
    throw new InvSegError(
      'MODEL_UNSUPPORTED',
      `${folder}: a single file is not supported yet; a folder in diffusers layout is needed\n` +
        'Convert a checkpoint once with Python and diffusers:\n' +
        "  StableDiffusionPipeline.from_single_file('<file>').save_pretrained('<folder>')",
    );
  }
  const hub =
    /^[\w.-]+\/[\w.-]+$/.test(model) || describeAddress(model) !== undefined
      ? ' Nothing is downloaded by itself: fetch the model and name its folder.'
      : '';
  throw new InvSegError(
    'MODEL_NOT_FOUND',
    `Model ${JSON.stringify(shownPath(model))}: there is no such folder; ` +
      `expected one with model_index.json (diffusers layout) or manifest.json.${hub}`,
  );
}

async function noModel(folder: string): Promise<InvSegError> {
  const snapshots = (await stat(path.join(folder, 'snapshots')).catch(() => undefined))?.isDirectory();
  const [script] = (await torchFiles(folder)).scripts;
  return new InvSegError(
    'MODEL_NOT_FOUND',
    `${folder}: it has neither model_index.json (diffusers layout) nor manifest.json` +
      (snapshots ? '; it looks like a download cache, name the folder below snapshots/' : '') +
      (script === undefined
        ? ''
        : `; ${path.basename(script)} is TorchScript, which a manifest.json beside it would have to name`),
  );
}

/**
 * @param scripts folder of the manifest and the TorchScript
 * @param folder folder of weights and tokenizer
 * @param trusted whether the scripts may be anybody's
 */
async function openFolder(
  scripts: string,
  folder: string,
  manifest: BundleManifest,
  trusted: boolean,
): Promise<Bundle> {
  const modules = {} as Record<ModuleName, ModuleWeights & Code>;
  for (const name of MODULE_NAMES) {
    const script = path.join(scripts, manifest.modules[name].script);
    const code = await findCode(script, `modules.${name}.script`, trusted);
    modules[name] = { ...code, ...(await findWeights(folder, manifest.modules[name].weights)) };
  }
  // Of weights that the user brings to our manifest, the engine says what does not fit.
  if (scripts === folder) checkBundle(path.join(folder, 'manifest.json'), manifest, modules);
  const all = MODULE_NAMES.flatMap((name) => modules[name].files);
  const files = [...new Map(all.map((file) => [file.path, file])).values()];
  const config = ({ script, code, tensors }: ModuleWeights & Code): NativeEngineConfig['unet'] => ({
    script,
    code,
    weights: tensors,
  });
  const weightsHash = (): Promise<string> =>
    hashFiles(
      folder,
      files.map((file) => file.path),
    );
  const tokenizerFolder = path.join(folder, manifest.tokenizer.folder);
  const table = modules.textEncoder.tensors.find((tensor) => tensor.name.endsWith('token_embedding.weight'));
  return {
    name: manifest.name,
    folder,
    manifest,
    manifestFile: path.join(scripts, 'manifest.json'),
    engineConfig: {
      textEncoder: config(modules.textEncoder),
      vaeEncoder: config(modules.vaeEncoder),
      unet: config(modules.unet),
      imageSize: manifest.image.size,
      latentSize: manifest.image.latentSize,
      latentChannels: manifest.image.latentChannels,
      latentScale: manifest.image.latentScale,
      promptLength: manifest.tokenizer.length,
      contextWidth: manifest.contextWidth,
      timeWidth: manifest.timeWidth,
      layers: manifest.layers,
      schedule: manifest.schedule,
    },
    tokenizerFolder,
    vocabulary: table?.shape[0],
    files,
    fileHashes: () => Promise.all(files.map((file) => hashFile(file.path))),
    weightsHash,
    identity: async () => ({
      weights: await weightsHash(),
      manifest: hashJson(manifest),
      code: hashNamed(Object.fromEntries(MODULE_NAMES.map((name) => [name, modules[name].sha256]))),
      tokenizer: await hashTokenizer(tokenizerFolder),
    }),
  };
}
