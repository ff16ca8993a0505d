/** Reads `manifest.json` and checks every field. */

import { JsonReader } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, parseJson, readText } from '../system/index.js';
import type {
  BundleManifest,
  LayerManifest,
  ModuleManifest,
  ResolutionTable,
  WeightsManifest,
  WeightsSearch,
} from './manifest.js';
import { readMethods, readNames } from './manifest-methods.js';

/** Format of the manifests that this version reads. */
export const BUNDLE_FORMAT = 'invseg-bundle/1';

/**
 * @param file path of a `manifest.json`
 * @throws InvSegError `MODEL_NOT_FOUND` where there is none, else `MANIFEST_INVALID` with the path of the wrong field.
 */
export async function readManifest(file: string): Promise<BundleManifest> {
  let text: string;
  try {
    text = await readText(file, LIMITS.manifest);
  } catch (cause) {
    const { missing, message } = cause as FileError;
    throw new InvSegError(missing ? 'MODEL_NOT_FOUND' : 'MANIFEST_INVALID', `${file}: ${message}`, { cause });
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new InvSegError('MANIFEST_INVALID', `${file}: it is not valid JSON (${(cause as Error).message})`, { cause });
  }
  return checkManifest(value, file);
}

/**
 * @param value a parsed manifest
 * @param file its path, for messages
 * @throws InvSegError `MANIFEST_INVALID` with the path of the wrong field.
 */
export function checkManifest(value: unknown, file: string): BundleManifest {
  const top = new JsonReader(value, file);
  if (top.at('format').value !== BUNDLE_FORMAT) top.at('format').fail(JSON.stringify(BUNDLE_FORMAT));
  const modules = top.at('modules');
  const image = readImage(top.at('image'));
  const layers = readLayers(top.at('layers'), image.latentSize);
  const tokenizer = readTokenizer(top.at('tokenizer'));
  const contextWidth = top.at('contextWidth').integer(1, 65536);
  const timeWidth = readTimeWidth(top.at('timeWidth'));
  const schedule = readSchedule(top.at('schedule'));
  bound(top.at('timeWidth'), timeWidth * schedule.steps, 'timeWidth × schedule.steps');
  bound(top.at('contextWidth'), contextWidth * tokenizer.length, 'contextWidth × tokenizer.length');
  const resolutions = new Set(layers.map((layer) => image.latentSize >> layer.level));
  const defaults = top.at('defaults');
  const table = (reader: JsonReader): ResolutionTable => readTable(reader, resolutions);
  return {
    format: BUNDLE_FORMAT,
    name: top.at('name').text(),
    version: top.at('version').text(),
    license: top.at('license').text(),
    source: top.at('source').present ? top.at('source').text() : '',
    modules: {
      textEncoder: readModule(modules.at('textEncoder')),
      vaeEncoder: readModule(modules.at('vaeEncoder')),
      unet: readModule(modules.at('unet')),
    },
    tokenizer,
    image,
    contextWidth,
    timeWidth,
    schedule,
    layers,
    defaults: {
      inference: {
        cross: table(defaults.at('inference').at('cross')),
        self: table(defaults.at('inference').at('self')),
      },
      training: table(defaults.at('training')),
      methods: readMethods(defaults.at('methods')),
    },
    names: readNames(top.at('names')),
    expect: readExpect(top.at('expect')),
  };
}

/** Numbers of one table that the engine makes of the manifest: 64 MiB of them. SD 2.1's largest has 320,000. */
const MOST_NUMBERS = 2 ** 24;
/** Side of the finest attention map: a map has its fourth power of numbers, 1 GiB. SD 2.1's has 96 at most. */
const MOST_SIDE = 128;
/** SD 2.1 has 16. */
const MOST_LAYERS = 512;

/** Each field alone is plausible; their product is what is allocated. */
function bound(field: JsonReader, product: number, what: string): void {
  if (product > MOST_NUMBERS) field.fail(`${what} of at most ${MOST_NUMBERS} (it is ${product})`);
}

function readModule(module: JsonReader): ModuleManifest {
  return { script: module.at('script').relativePath(), weights: readWeights(module.at('weights')) };
}

function readWeights(weights: JsonReader): WeightsManifest {
  if (typeof weights.value === 'string') return weights.relativePath();
  const texts = (key: string, read: (item: JsonReader) => string): string[] =>
    weights.at(key).present ? weights.at(key).list().map(read) : [];
  const index = weights.at('index');
  const search: WeightsSearch = {
    files: weights
      .at('files')
      .list()
      .map((item) => item.relativePath()),
    index: typeof index.value === 'string' ? [index.relativePath()] : texts('index', (item) => item.relativePath()),
    include: texts('include', (item) => item.text()),
    ignore: texts('ignore', (item) => item.text()),
    rename: weights.at('rename').present ? weights.at('rename').list().map(readPair) : [],
  };
  if (search.files.length === 0) weights.at('files').fail('at least one file');
  return search;
}

function readPair(pair: JsonReader): [string, string] {
  const items = pair.list();
  if (items.length !== 2) pair.fail('two texts');
  return [items[0]!.text(), items[1]!.text()];
}

function readTokenizer(tokenizer: JsonReader): BundleManifest['tokenizer'] {
  const result: BundleManifest['tokenizer'] = {
    folder: tokenizer.at('folder').relativePath(),
    length: tokenizer.at('length').integer(3, 4096),
  };
  for (const kind of ['bos', 'eos', 'pad'] as const) {
    if (tokenizer.at(kind).present) result[kind] = tokenizer.at(kind).integer(0, 0x7fffffff);
  }
  return result;
}

function readImage(image: JsonReader): BundleManifest['image'] {
  return {
    size: image.at('size').integer(8, 4096),
    latentSize: image.at('latentSize').integer(2, 1024),
    latentChannels: image.at('latentChannels').integer(1, 64),
    latentScale: image.at('latentScale').number(),
  };
}

function readTimeWidth(width: JsonReader): number {
  if (width.integer(2, 65536) % 2 !== 0) width.fail('an even number');
  return width.integer(2);
}

function readSchedule(schedule: JsonReader): BundleManifest['schedule'] {
  const betaStart = schedule.at('betaStart').number();
  const betaEnd = schedule.at('betaEnd').number();
  if (betaEnd < betaStart || betaEnd >= 1)
    schedule.at('betaEnd').fail(`a number from betaStart (${betaStart}) to below 1`);
  return { steps: schedule.at('steps').integer(1, 1_000_000), betaStart, betaEnd };
}

function readLayers(layers: JsonReader, latentSize: number): LayerManifest[] {
  const names = new Set<string>();
  const items = layers.list();
  if (items.length > MOST_LAYERS) layers.fail(`at most ${MOST_LAYERS} layers`);
  const result = items.map((layer) => {
    const name = layer.at('name').text();
    if (names.has(name)) layer.at('name').fail('a name that no other layer has');
    names.add(name);
    const level = layer.at('level').integer(0, 30);
    if (latentSize >> level > MOST_SIDE)
      layer.at('level').fail(`a level that leaves a latent of ${latentSize} at most ${MOST_SIDE} points per side`);
    if (latentSize >> level < 1)
      layer.at('level').fail(`a level that leaves a latent of ${latentSize} at least one point`);
    return { name, level, heads: layer.at('heads').integer(1, 256) };
  });
  if (result.length === 0) layers.fail('at least one layer');
  return result;
}

function readTable(table: JsonReader, resolutions: ReadonlySet<number>): ResolutionTable {
  const result: ResolutionTable = {};
  for (const [key, weight] of table.entries()) {
    if (!resolutions.has(Number(key)) || String(Number(key)) !== key) {
      table.fail(`resolutions of the layers (${[...resolutions].sort((a, b) => b - a).join(', ')})`);
    }
    result[Number(key)] = weight.number(true);
  }
  if (!Object.values(result).some((weight) => weight > 0)) table.fail('a resolution with a weight above 0');
  return result;
}

function readExpect(expect: JsonReader): BundleManifest['expect'] {
  if (!expect.present) return {};
  const files = expect
    .entries()
    .map(([file, fields]) => [
      new JsonReader(file, expect.file, `${expect.path}.${file}`).relativePath(),
      fields.record(),
    ]);
  return Object.fromEntries(files) as BundleManifest['expect'];
}
