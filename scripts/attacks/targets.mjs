/** What is attacked: every reader of something from outside, with right inputs to start from. They read dist/, as users do. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { parseSettings } from '../../dist/cli/flags.js';
import { readAnnotation } from '../../dist/datasets/coco/annotation.js';
import { InstancesFile } from '../../dist/datasets/coco/instances.js';
import { COCO_IDS } from '../../dist/datasets/coco/categories.js';
import { readVocabularyOf } from '../../dist/datasets/classes.js';
import { readList } from '../../dist/datasets/lists.js';
import { readMatrix } from '../../dist/datasets/matlab.js';
import { resolveDatasetOptions } from '../../dist/datasets/options.js';
import { Root } from '../../dist/datasets/places.js';
import { decodePngMask } from '../../dist/datasets/png-mask.js';
import { readRun } from '../../dist/evaluation/index.js';
import { checkRecord, checkSettings } from '../../dist/evaluation/record.js';
import { seal } from '../../dist/evaluation/seal.js';
import { packLabels, unpackLabels } from '../../dist/evaluation/remote.js';
import { decodeImage } from '../../dist/image/decode.js';
import { parseJson } from '../../dist/json.js';
import { checkManifest } from '../../dist/models/manifest-check.js';
import { readHeader } from '../../dist/models/safetensors.js';
import { findWeights } from '../../dist/models/weights.js';
import { parseCaptions } from '../../dist/names/captions.js';
import { parseJson as parseNames } from '../../dist/names/json.js';
import { NameMatcher } from '../../dist/names/matcher.js';
import { parseNames as parseLists } from '../../dist/names/precomputed.js';
import { loadVocabulary, readVocabulary } from '../../dist/names/vocabulary.js';
import { resolveEngineOptions, resolveOptions } from '../../dist/options/index.js';
import { decodeResult } from '../../dist/queue/jobs.js';
import { Registry } from '../../dist/queue/registry.js';
import { RedisUrl } from '../../dist/queue/url.js';
import { readSpecialTokens, readTokenizerFiles } from '../../dist/text/tokenizer-files.js';
import { readModelManifest } from '../../dist/vision-language/manifest.js';
import { WordPiece } from '../../dist/vision-language/wordpiece.js';
import { matlabFile } from '../datasets/fixtures-matlab.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const model = (...parts) => readFileSync(path.join(root, 'models', ...parts));
const json = (value) => Buffer.from(JSON.stringify(value));

/** JSON that is no JSON is refused by whoever reads it, with an error of theirs; here it is passed over. */
function parsed(bytes) {
  try {
    return { value: parseJson(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}
/** Chunks as they are, each with its checksum: what a decoder sees behind the first check. */
function withChecksums(bytes) {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length;) {
    const end = at + 12 + out.readUInt32BE(at);
    if (end > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end - 4)), end - 4);
    at = end;
  }
  return out;
}

/** Lines of JSON with a checksum each. */
function sealed(bytes) {
  const lines = bytes.toString('utf8').split('\n').slice(0, -1);
  return Buffer.from(lines.map((line) => {
    try {
      return `${seal(JSON.parse(line))}\n`;
    } catch {
      return `${line}\n`;
    }
  }).join(''));
}

const ofJson = (use) => (bytes) => {
  const found = parsed(bytes);
  return found === undefined ? undefined : use(found.value);
};

const size = { width: 7, height: 5 };
const labels = Uint8Array.from({ length: 35 }, (_, i) => i % 4);
const palette = Array.from({ length: 4 }, (_, i) => [i, i, i]);
const place = { id: 'p1', place: 3 };
const record = {
  ...place,
  mask: '0123456789abcdef',
  counts: [[0, 3, 4, 4], [1, 2, 3, 3]],
  confused: [[0, 1, 1], [1, 0, 1]],
  names: [1],
  milliseconds: { load: 1, names: 1, encode: 1, inversion: 1, predict: 1, segment: 1 },
  losses: [[-1, -2, 3]],
  warnings: ['w'],
};
const settings = {
  format: 'invseg-run/2', version: '0.1.0', model: 'm 1', weights: null, manifest: null, code: null, tokenizer: null, device: 'cpu', dtype: 'float32',
  dataset: 'folder', split: null, protocol: 'p', classes: ['background', 'cat', 'dog', 'sofa'], hasBackground: true, pictures: 4, list: 'x', sample: null, seed: 0,
  shard: null, names: 'n', options: resolveOptions(), unlisted: [{ id: 'a', code: 'DATASET_INVALID', message: 'm' }],
};
const annotations = [
  { id: 1, image_id: 5, category_id: 1, iscrowd: 0, area: 9, segmentation: [[1, 1, 5, 1, 5, 4, 1, 4], [0, 0, 2, 2, 3, 0]] },
  { id: 2, image_id: 5, category_id: 18, iscrowd: 1, segmentation: { size: [5, 7], counts: [3, 10, 22] } },
  { id: 3, image_id: 5, category_id: 18, segmentation: { size: [5, 7], counts: '3:f0' } },
];
const coco = { images: [{ id: 5, file_name: 'a.jpg', width: 7, height: 5 }], annotations, categories: COCO_IDS.map((id) => ({ id, name: `c${id}` })) };

/** @param folder of the target's own, for readers of files @returns name → { seeds, attack } */
export async function makeTargets(folder) {
  const at = (...parts) => path.join(folder, ...parts);
  const file = (name, read) => (bytes) => {
    writeFileSync(at(name), bytes);
    return read(at(name));
  };
  const voc = await loadVocabulary('voc');
  const matcher = new NameMatcher(voc);
  const place4 = await Root.open(folder, 'refuse');
  const rgb = sharp(Buffer.from(Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => (i * 37) & 255)), { raw: { width: 48, height: 32, channels: 3 } });
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }, b: { dtype: 'F16', shape: [3], data_offsets: [16, 22] } }));
  const tensors = Buffer.concat([Buffer.from(new BigUint64Array([BigInt(header.length)]).buffer), header, Buffer.alloc(22)]);
  writeFileSync(at('a.safetensors'), tensors);
  for (const name of ['tokenizer', 'one', 'pieces']) mkdirSync(at(name), { recursive: true });
  for (const name of ['vocab.json', 'merges.txt']) writeFileSync(at('tokenizer', name), model('miniature', 'tokenizer', name));
  const registry = (bytes) => new Registry({ hscan: async () => ['0', [bytes.subarray(0, 8).toString('latin1'), bytes.toString('utf8'), 'run', bytes.toString('utf8')]] }).list();
  const journal = Buffer.from([{ settings }, record, { id: 'q', place: 4, skipped: { code: 'MASK_INVALID', message: 'm' } }].map((one) => `${seal(one)}\n`).join(''));

  return {
    safetensors: { seeds: [tensors], attack: file('b.safetensors', readHeader) },
    'shard list': {
      seeds: [json({ metadata: {}, weight_map: { a: 'a.safetensors', b: 'a.safetensors' } })],
      attack: file('x.index.json', () => findWeights(folder, { files: ['none.safetensors'], index: ['x.index.json'], include: [], ignore: [], rename: [] })),
    },
    manifest: { seeds: [model('miniature', 'manifest.json'), model('sd21', 'manifest.json')], attack: ofJson((value) => checkManifest(value, 'm.json')) },
    'manifests of CLIP and BLIP': {
      seeds: [model('clip', 'manifest.json'), model('miniature', 'captioner.json')],
      attack: file('c.json', (name) => Promise.any([readModelManifest(name, 'contrastive'), readModelManifest(name, 'captioner')]).catch(({ errors }) => Promise.reject(errors[0]))),
    },
    'tokenizer, vocabulary': { seeds: [model('miniature', 'tokenizer', 'vocab.json')], attack: file('tokenizer/vocab.json', () => readTokenizerFiles(at('tokenizer'))) },
    'tokenizer, merges': { seeds: [model('miniature', 'tokenizer', 'merges.txt')], attack: file('tokenizer/merges.txt', () => readTokenizerFiles(at('tokenizer'))) },
    'tokenizer, special tokens': { seeds: [model('miniature', 'tokenizer', 'special_tokens_map.json')], attack: file('special_tokens_map.json', () => readSpecialTokens(folder)) },
    'tokenizer in one file': {
      seeds: [json({ model: { type: 'BPE', vocab: JSON.parse(model('miniature', 'tokenizer', 'vocab.json')), merges: ['a b', ['a', 'b</w>']] } })],
      attack: file('one/tokenizer.json', () => readTokenizerFiles(at('one'))),
    },
    'wordpiece in one file': { seeds: [json({ model: { vocab: { '[PAD]': 0, '[UNK]': 1, a: 2, '##b': 3 } } })], attack: file('pieces/tokenizer.json', async () => (await WordPiece.load(at('pieces'))).encode('ab a b')) },
    wordpiece: { seeds: [Buffer.from('[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\n')], attack: file('vocab.txt', async () => (await WordPiece.load(folder)).encode('ab a b')) },
    'PNG mask': {
      seeds: [encode({ ...size, data: labels, depth: 8, channels: 1 }), encode({ ...size, data: labels, depth: 8, channels: 1, palette })].map((one) => Buffer.from(one)),
      attack: (bytes) => decodePngMask(bytes, 'm.png', size),
    },
    'PNG mask, checksums right': {
      seeds: [encode({ ...size, data: labels, depth: 8, channels: 1 }), encode({ ...size, data: labels, depth: 8, channels: 1, palette })].map((one) => Buffer.from(one)),
      attack: (bytes) => decodePngMask(withChecksums(bytes), 'm.png', size),
    },
    'MATLAB mask': {
      seeds: [true, false].map((compressed) => matlabFile('LabelMap', [...labels], size.height, size.width, { compressed })),
      attack: (bytes) => readMatrix(bytes, 'm.mat', 'LabelMap', size),
    },
    'COCO annotation': { seeds: annotations.map(json), attack: ofJson((value) => (typeof value === 'object' && value !== null ? readAnnotation(value, size, 'a') : undefined)) },
    'COCO file': {
      seeds: [json(coco)],
      attack: file('instances.json', async (name) => {
        const opened = await InstancesFile.open(name);
        for (const id of opened.list.ids) await opened.objects(id);
      }),
    },
    'list of pictures': { seeds: [Buffer.from('a\nb c\n2007_000033\n')], attack: file('list.txt', () => readList(place4, 'list.txt')) },
    'classes of a folder': { seeds: [json(['cat', { name: 'sofa', prompt: 'sofa', synonyms: ['couch'] }])], attack: file('classes.json', () => readVocabularyOf(place4)) },
    vocabulary: { seeds: [json({ name: 'v', classes: ['cat', { name: 'tv', prompt: 'tv monitor', synonyms: ['telly'], aliases: ['tb'] }], backgroundWords: ['sky'] })], attack: (bytes) => readVocabulary(parseNames(bytes.toString('utf8'), 'v.json')) },
    captions: {
      seeds: [json({ a: 'a cat on a sofa', b: ["two dogs' bones", 'a tv-monitor'] }), json({ images: [{ id: 1, file_name: 'a.jpg' }], annotations: [{ image_id: 1, caption: 'a cat' }] })],
      attack: (bytes) => [...parseCaptions(parseNames(bytes.toString('utf8'), 'c.json')).values()].map((text) => matcher.classesIn(text)),
    },
    'lists of names': { seeds: [json({ image_similarity: { a: ['cat', 'tv monitor'] }, text_similarity: { 'a.jpg': ['dog'] } })], attack: (bytes) => parseLists(parseNames(bytes.toString('utf8'), 'n.json'), voc) },
    picture: {
      seeds: await Promise.all(['jpeg', 'png', 'webp', 'gif', 'tiff'].map((format) => rgb.clone().toFormat(format).toBuffer())),
      attack: (bytes) => decodeImage(bytes, { maxPixels: 1e6 }),
    },
    options: {
      seeds: [json({ steps: 3, crop: { min: 0.5, max: 1 }, layers: { trainingCross: { heads: { a: [1] } } }, inferenceCross: { 16: 1 }, caption: { cat: 'x' } }), json({ device: 'cpu', threads: 2 }), json({ kind: 'folder', root: 'x', background: 'class' })],
      attack: ofJson((value) => {
        const results = [resolveOptions, resolveEngineOptions, resolveDatasetOptions].map((resolve) => {
          try {
            return { done: resolve(value) };
          } catch (error) {
            return { error };
          }
        });
        const foreign = results.find(({ error }) => error !== undefined && error.name !== 'InvSegError') ?? (results.every(({ error }) => error) ? results[0] : undefined);
        if (foreign) throw foreign.error;
      }),
    },
    'settings of the command line': { seeds: ['crop.min=0.5', 'layers.trainingCross.heads.a=[1]', 'crop={"min":0.5}', 'template=a {}'].map((text) => Buffer.from(text)), attack: (bytes) => resolveOptions(parseSettings(bytes.toString('utf8').split('\n'))) },
    'journal, record': { seeds: [json(record)], attack: ofJson((value) => checkRecord(value, 4, 'line 2')) },
    'journal, settings': { seeds: [json(settings)], attack: ofJson((value) => checkSettings(value, 'line 1')) },
    'journal, file': { seeds: [journal], attack: file('journal.jsonl', () => readRun(folder, { samples: 0 })) },
    'journal, file, checksums right': {
      seeds: [Buffer.from([{ settings }, record, { ...record, id: 'q', place: 4 }].map((one) => `${JSON.stringify(one)}\n`).join(''))],
      attack: (bytes) => file('journal.jsonl', () => readRun(folder, { samples: 0 }))(sealed(bytes)),
    },
    'queue, result': { seeds: [json({ record, labels: 'AAAA', worker: 'w' }), json({ failure: { code: 'INTERNAL', message: 'm' }, worker: 'w' })], attack: ofJson((value) => decodeResult(value, place, 4)) },
    'queue, labels': { seeds: [Buffer.from(await packLabels(labels))], attack: (bytes) => unpackLabels(bytes, labels.length) },
    'queue, list of runs': { seeds: [json({ settings, seen: 1 })], attack: registry },
    'queue, address': { seeds: ['redis://u:p@host:6379/1', 'unix:///tmp/x?db=1', 'rediss://host'].map((text) => Buffer.from(text)), attack: (bytes) => new RedisUrl(bytes.toString('utf8'), 'secret').place() },
  };
}
