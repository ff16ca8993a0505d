/** Reads `manifest.json` and checks every field. */

import type { Rule } from '../checks/index.js';
import { Field, integer, number, oneOf, pathBelow, someText, textPair } from '../checks/index.js';
import { LIMITS, readField } from '../system/index.js';
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
  const top = await readField(file, LIMITS.manifest, 'MANIFEST_INVALID', 'MODEL_NOT_FOUND');
  const manifest = checkManifest(top);
  warnOfUnknown(top, Object.keys(manifest));
  return manifest;
}

/** Keys that nobody reads: no error, since manifests are there that have some. */
export function warnOfUnknown(top: Field, known: readonly string[]): void {
  const found = top.unknownKeys(known);
  if (found === undefined) return;
  process.emitWarning(`${top.source.file}: ${found}`, { type: 'InvSegWarning', code: 'MANIFEST_INVALID' });
}

/** @throws InvSegError `MANIFEST_INVALID` with the path of the wrong field. */
export function checkManifest(top: Field): BundleManifest {
  top.at('format').read(oneOf(BUNDLE_FORMAT));
  const modules = top.at('modules');
  const image = readImage(top.at('image'));
  const layers = readLayers(top.at('layers'), image.latentSize);
  const tokenizer = readTokenizer(top.at('tokenizer'));
  const contextWidth = top.at('contextWidth').read(integer(1, 65536));
  const timeWidth = readTimeWidth(top.at('timeWidth'));
  const schedule = readSchedule(top.at('schedule'));
  bound(top.at('timeWidth'), timeWidth * schedule.steps, 'timeWidth × schedule.steps');
  bound(top.at('contextWidth'), contextWidth * tokenizer.length, 'contextWidth × tokenizer.length');
  const resolutions = new Set(layers.map((layer) => image.latentSize >> layer.level));
  const defaults = top.at('defaults');
  const table = (field: Field): ResolutionTable => readTable(field, resolutions);
  return {
    format: BUNDLE_FORMAT,
    name: top.at('name').read(someText),
    version: top.at('version').read(someText),
    license: top.at('license').read(someText),
    source: top.at('source').present ? top.at('source').read(someText) : '',
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
function bound(field: Field, product: number, what: string): void {
  if (product > MOST_NUMBERS) field.expected(`${what} of at most ${MOST_NUMBERS} (it is ${product})`);
}

function readModule(module: Field): ModuleManifest {
  return { script: module.at('script').read(pathBelow), weights: readWeights(module.at('weights')) };
}

function readWeights(weights: Field): WeightsManifest {
  if (typeof weights.value === 'string') return weights.read(pathBelow);
  weights.record('a path below the folder, or an object with files,');
  const items = <T>(key: string, rule: Rule<T>): T[] =>
    weights
      .at(key)
      .items()
      .map((item) => item.read(rule));
  const index = weights.at('index');
  const search: WeightsSearch = {
    files: weights
      .at('files')
      .list()
      .map((item) => item.read(pathBelow)),
    index: typeof index.value === 'string' ? [index.read(pathBelow)] : items('index', pathBelow),
    include: items('include', someText),
    ignore: items('ignore', someText),
    rename: items('rename', textPair),
  };
  if (search.files.length === 0) weights.at('files').expected('at least one file');
  return search;
}

function readTokenizer(tokenizer: Field): BundleManifest['tokenizer'] {
  const result: BundleManifest['tokenizer'] = {
    folder: tokenizer.at('folder').read(pathBelow),
    length: tokenizer.at('length').read(integer(3, 4096)),
  };
  for (const kind of ['bos', 'eos', 'pad'] as const) {
    if (tokenizer.at(kind).present) result[kind] = tokenizer.at(kind).read(integer(0, 0x7fffffff));
  }
  return result;
}

function readImage(image: Field): BundleManifest['image'] {
  return {
    size: image.at('size').read(integer(8, 4096)),
    latentSize: image.at('latentSize').read(integer(2, 1024)),
    latentChannels: image.at('latentChannels').read(integer(1, 64)),
    latentScale: image.at('latentScale').read(number({ above: 0 })),
  };
}

function readTimeWidth(width: Field): number {
  if (width.read(integer(2, 65536)) % 2 !== 0) width.expected('an even number');
  return width.read(integer(2));
}

function readSchedule(schedule: Field): BundleManifest['schedule'] {
  const betaStart = schedule.at('betaStart').read(number({ above: 0 }));
  const betaEnd = schedule.at('betaEnd').read(number({ above: 0 }));
  if (betaEnd < betaStart || betaEnd >= 1)
    schedule.at('betaEnd').expected(`a number from betaStart (${betaStart}) to below 1`);
  return { steps: schedule.at('steps').read(integer(1, 1_000_000)), betaStart, betaEnd };
}

function readLayers(layers: Field, latentSize: number): LayerManifest[] {
  const names = new Set<string>();
  const items = layers.list();
  if (items.length > MOST_LAYERS) layers.expected(`at most ${MOST_LAYERS} layers`);
  const result = items.map((layer) => {
    const name = layer.at('name').read(someText);
    if (names.has(name)) layer.at('name').expected('a name that no other layer has');
    names.add(name);
    const level = layer.at('level').read(integer(0, 30));
    if (latentSize >> level > MOST_SIDE)
      layer.at('level').expected(`a level that leaves a latent of ${latentSize} at most ${MOST_SIDE} points per side`);
    if (latentSize >> level < 1)
      layer.at('level').expected(`a level that leaves a latent of ${latentSize} at least one point`);
    return { name, level, heads: layer.at('heads').read(integer(1, 256)) };
  });
  if (result.length === 0) layers.expected('at least one layer');
  return result;
}

function readTable(table: Field, resolutions: ReadonlySet<number>): ResolutionTable {
  const result: ResolutionTable = {};
  for (const [key, weight] of table.entries()) {
    if (!resolutions.has(Number(key)) || String(Number(key)) !== key) {
      table.expected(`resolutions of the layers (${[...resolutions].sort((a, b) => b - a).join(', ')})`);
    }
    result[Number(key)] = weight.read(number({ min: 0 }));
  }
  if (!Object.values(result).some((weight) => weight > 0)) table.expected('a resolution with a weight above 0');
  return result;
}

function readExpect(expect: Field): BundleManifest['expect'] {
  if (!expect.present) return {};
  const files = expect.entries().map(([file, fields]) => {
    const name = new Field(file, fields.source, fields.path);
    return [name.read(pathBelow), fields.record()];
  });
  return Object.fromEntries(files) as BundleManifest['expect'];
}
