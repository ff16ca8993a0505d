/** What the manifest of a model of pictures and texts says, and the check of every field. */

import type { Field, Rule } from '../checks/index.js';
import { flag, integer, number, oneOf, pathBelow, someText, textPair } from '../checks/index.js';
import type { WeightsSearch } from '../models/index.js';
import { BUNDLE_FORMAT, warnOfUnknown } from '../models/index.js';
import type { NativePictureConfig } from '../native/index.js';
import { LIMITS, readField } from '../system/index.js';

/** `contrastive` is CLIP's kind, `captioner` BLIP's. */
export type ModelKind = 'contrastive' | 'captioner';

/** A module's TorchScript and where its tensors are. */
export interface TiedModule {
  /** Relative to the manifest. */
  script: string;
  /** Each fills some of the parameters. */
  weights: WeightsSearch[];
  /** `[parameter, tensor]`: the tensor fills the parameter too where the file has none of the parameter's name. */
  tied: [string, string][];
}

/** The fields that both kinds have. */
export interface ModelManifest {
  kind: ModelKind;
  name: string;
  version: string;
  license: string;
  source: string;
  modules: Record<string, TiedModule>;
  tokenizer: {
    /** Relative to the weights' folder. */
    folder: string;
    /** Positions of a text. */
    length: number;
    /** Special ids by name: bos, eos and pad of CLIP's texts, start and end of a caption. */
    ids: Record<string, number>;
  };
  picture: NativePictureConfig;
  /** Configuration file → field → value; an object's fields are compared one by one. */
  expect: Record<string, unknown>;
}

/** Modules and special ids of each kind. */
const KINDS = {
  contrastive: { modules: ['imageEncoder', 'textEncoder'], ids: ['bos', 'eos', 'pad'] },
  captioner: { modules: ['visionEncoder', 'textDecoder'], ids: ['start', 'end'] },
} as const;

/**
 * @param file path of the manifest
 * @param kind what it has to be
 * @throws InvSegError `MANIFEST_INVALID` with the path of the wrong field
 */
export async function readModelManifest(file: string, kind: ModelKind): Promise<ModelManifest> {
  const top = await readField(file, LIMITS.manifest, 'MANIFEST_INVALID');
  top.at('format').read(oneOf(BUNDLE_FORMAT));
  top.at('kind').read(oneOf(kind));
  const expect = top.at('expect');
  const manifest: ModelManifest = {
    kind,
    name: top.at('name').read(someText),
    version: top.at('version').read(someText),
    license: top.at('license').read(someText),
    source: top.at('source').read(someText),
    modules: Object.fromEntries(KINDS[kind].modules.map((name) => [name, readModule(top.at('modules').at(name))])),
    tokenizer: readTokenizer(top.at('tokenizer'), KINDS[kind].ids),
    picture: readPicture(top.at('picture')),
    expect: expect.present ? expect.record() : {},
  };
  warnOfUnknown(top, ['format', ...Object.keys(manifest)]);
  return manifest;
}

function readModule(module: Field): TiedModule {
  const weights = module.at('weights');
  return {
    script: module.at('script').read(pathBelow),
    weights: Array.isArray(weights.value) ? weights.list().map(readPart) : [readSearch(weights)],
    tied: module
      .at('tied')
      .items()
      .map((pair) => pair.read(textPair)),
  };
}

function readSearch(weights: Field): WeightsSearch {
  weights.record('an object with files, or a list of parts,');
  const items = (key: string, rule: Rule<string>): string[] =>
    weights
      .at(key)
      .items()
      .map((item) => item.read(rule));
  return {
    files: items('files', pathBelow),
    index: items('index', pathBelow),
    include: items('include', someText),
    ignore: items('ignore', someText),
    rename: [],
  };
}

/** A file of its own, its tensors' names behind a prefix: a network that several modules contain is stored once. */
function readPart(part: Field): WeightsSearch {
  const prefix = part.at('prefix');
  const rename: [string, string][] = prefix.present ? [['', prefix.read(someText)]] : [];
  return { files: [part.at('file').read(pathBelow)], index: [], include: [], ignore: [], rename };
}

function readTokenizer(tokenizer: Field, ids: readonly string[]): ModelManifest['tokenizer'] {
  return {
    folder: tokenizer.at('folder').read(pathBelow),
    length: tokenizer.at('length').read(integer(3, 4096)),
    ids: Object.fromEntries(ids.map((name) => [name, tokenizer.at(name).read(integer(0, 0x7fffffff))])),
  };
}

function readPicture(picture: Field): NativePictureConfig {
  const channels = (key: string, rule: Rule<number>): Float32Array => {
    const items = picture.at(key).list();
    if (items.length !== 3) picture.at(key).expected('three numbers');
    return Float32Array.from(items, (item) => item.read(rule));
  };
  return {
    size: picture.at('size').read(integer(8, 4096)),
    crop: picture.at('crop').read(flag),
    mean: channels('mean', number({ min: 0 })),
    deviation: channels('deviation', number({ above: 0 })),
  };
}
