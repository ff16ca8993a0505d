/** What the manifest of a model of pictures and texts says, and the check of every field. */

import { JsonReader } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { WeightsSearch } from '../models/index.js';
import { BUNDLE_FORMAT } from '../models/index.js';
import type { NativePictureConfig } from '../native/index.js';
import { LIMITS, parseJson, readText } from '../system/index.js';

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
  let value: unknown;
  try {
    value = parseJson(await readText(file, LIMITS.manifest));
  } catch (cause) {
    throw new InvSegError('MANIFEST_INVALID', `${file}: it cannot be read as JSON (${(cause as Error).message})`, {
      cause,
    });
  }
  const top = new JsonReader(value, file);
  if (top.at('format').value !== BUNDLE_FORMAT) top.at('format').fail(JSON.stringify(BUNDLE_FORMAT));
  if (top.at('kind').value !== kind) top.at('kind').fail(JSON.stringify(kind));
  const expect = top.at('expect');
  return {
    kind,
    name: top.at('name').text(),
    version: top.at('version').text(),
    license: top.at('license').text(),
    source: top.at('source').text(),
    modules: Object.fromEntries(KINDS[kind].modules.map((name) => [name, readModule(top.at('modules').at(name))])),
    tokenizer: readTokenizer(top.at('tokenizer'), KINDS[kind].ids),
    picture: readPicture(top.at('picture')),
    expect: expect.present ? expect.record() : {},
  };
}

function readModule(module: JsonReader): TiedModule {
  const weights = module.at('weights');
  const tied = module.at('tied');
  return {
    script: module.at('script').relativePath(),
    weights: Array.isArray(weights.value) ? weights.list().map(readPart) : [readSearch(weights)],
    tied: tied.present ? tied.list().map(readPair) : [],
  };
}

function readSearch(weights: JsonReader): WeightsSearch {
  const list = (key: string): string[] =>
    weights.at(key).present
      ? weights
          .at(key)
          .list()
          .map((item) => item.text())
      : [];
  const paths = (key: string): string[] =>
    weights.at(key).present
      ? weights
          .at(key)
          .list()
          .map((item) => item.relativePath())
      : [];
  return { files: paths('files'), index: paths('index'), include: list('include'), ignore: list('ignore'), rename: [] };
}

/** A file of its own, its tensors' names behind a prefix: a network that several modules contain is stored once. */
function readPart(part: JsonReader): WeightsSearch {
  const prefix = part.at('prefix');
  const rename: [string, string][] = prefix.present ? [['', prefix.text()]] : [];
  return { files: [part.at('file').relativePath()], index: [], include: [], ignore: [], rename };
}

function readPair(pair: JsonReader): [string, string] {
  const items = pair.list();
  if (items.length !== 2) pair.fail('two texts');
  return [items[0]!.text(), items[1]!.text()];
}

function readTokenizer(tokenizer: JsonReader, ids: readonly string[]): ModelManifest['tokenizer'] {
  return {
    folder: tokenizer.at('folder').relativePath(),
    length: tokenizer.at('length').integer(3, 4096),
    ids: Object.fromEntries(ids.map((name) => [name, tokenizer.at(name).integer(0, 0x7fffffff)])),
  };
}

function readPicture(picture: JsonReader): NativePictureConfig {
  const channels = (key: string, zero: boolean): Float32Array => {
    const items = picture.at(key).list();
    if (items.length !== 3) picture.at(key).fail('three numbers');
    return Float32Array.from(items, (item) => item.number(zero));
  };
  const crop = picture.at('crop').value;
  if (typeof crop !== 'boolean') picture.at('crop').fail('true or false');
  return {
    size: picture.at('size').integer(8, 4096),
    crop: crop as boolean,
    mean: channels('mean', true),
    deviation: channels('deviation', false),
  };
}
