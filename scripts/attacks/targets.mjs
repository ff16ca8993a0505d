/**
 * What is attacked: every reader of something from outside, with right inputs to start from. They read dist/, as users
 * do.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { parseSettings } from '../../dist/cli/flags/options.js';
import { readVocabularyOf } from '../../dist/datasets/classes.js';
import { readAnnotation } from '../../dist/datasets/coco/annotation.js';
import { InstancesFile } from '../../dist/datasets/coco/instances.js';
import { readList } from '../../dist/datasets/lists.js';
import { readMatrix } from '../../dist/datasets/matlab.js';
import { resolveDatasetOptions } from '../../dist/datasets/options.js';
import { Root } from '../../dist/datasets/places.js';
import { decodeNamedMask } from '../../dist/datasets/png-mask.js';
import { readRun } from '../../dist/evaluation/index.js';
import { checkRecord, checkSettings } from '../../dist/evaluation/record.js';
import { decodeResult } from '../../dist/evaluation/redis/jobs.js';
import { Registry } from '../../dist/evaluation/redis/registry.js';
import { RedisUrl } from '../../dist/evaluation/redis/url.js';
import { packLabels, unpackLabels } from '../../dist/evaluation/remote.js';
import { decodeImage } from '../../dist/image/decode.js';
import { seal } from '../../dist/journal/seal.js';
import { parseLabelNames } from '../../dist/labels/label-names.js';
import { checkManifest } from '../../dist/models/manifest-check.js';
import { readHeader } from '../../dist/models/safetensors.js';
import { findWeights } from '../../dist/models/weights.js';
import { parseCaptions } from '../../dist/names/captions.js';
import { parseJson as parseNames } from '../../dist/names/json.js';
import { NameMatcher } from '../../dist/names/matcher.js';
import { parseNames as parseLists } from '../../dist/names/precomputed.js';
import { loadVocabulary, readVocabulary } from '../../dist/names/vocabulary.js';
import { resolveEngineOptions, resolveOptions } from '../../dist/options/index.js';
import { parseField } from '../../dist/system/fields.js';
import { readSpecialTokens, readTokenizerFiles } from '../../dist/text/tokenizer-files.js';
import { readModelManifest } from '../../dist/vision-language/manifest.js';
import { WordPiece } from '../../dist/vision-language/wordpiece.js';
import { matlabFile } from '../datasets/fixtures-matlab.mjs';
import {
  annotations,
  coco,
  json,
  labels,
  masks,
  model,
  named,
  ofJson,
  place,
  record,
  sealed,
  settings,
  size,
  withChecksums,
} from './inputs.mjs';

/** @param folder of the target's own, for readers of files @returns name → { seeds, attack } */
export async function makeTargets(folder) {
  const at = (...parts) => path.join(folder, ...parts);
  const file = (name, read) => (bytes) => {
    writeFileSync(at(name), bytes);
    return read(at(name));
  };
  const voc = await loadVocabulary('voc');
  const matcher = new NameMatcher(voc);
  // Each file of lists prepares its own names, which takes longer than the file with all of them.
  const few = readVocabulary(parseNames('{"name":"few","classes":["cat","tv monitor","dog"]}', 'v.json'));
  const place4 = await Root.open(folder, 'refuse');
  const rgb = sharp(Buffer.from(Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => (i * 37) & 255)), {
    raw: { width: 48, height: 32, channels: 3 },
  });
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { format: 'pt' },
      a: { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] },
      b: { dtype: 'F16', shape: [3], data_offsets: [16, 22] },
    }),
  );
  const tensors = Buffer.concat([
    Buffer.from(new BigUint64Array([BigInt(header.length)]).buffer),
    header,
    Buffer.alloc(22),
  ]);
  writeFileSync(at('a.safetensors'), tensors);
  for (const name of ['tokenizer', 'one', 'pieces']) mkdirSync(at(name), { recursive: true });
  for (const name of ['vocab.json', 'merges.txt'])
    writeFileSync(at('tokenizer', name), model('miniature', 'tokenizer', name));
  const merges = `${model('miniature', 'tokenizer', 'merges.txt')}`.trim().split('\n').slice(1);
  const registry = (bytes) =>
    new Registry({
      hscan: async () => [
        '0',
        [bytes.subarray(0, 8).toString('latin1'), bytes.toString('utf8'), 'run', bytes.toString('utf8')],
      ],
    }).list();
  const journal = Buffer.from(
    [{ settings }, record, { id: 'q', place: 4, skipped: { code: 'MASK_INVALID', message: 'm' } }]
      .map((one) => `${seal(one)}\n`)
      .join(''),
  );

  return {
    safetensors: { seeds: [tensors], attack: file('b.safetensors', readHeader) },
    'shard list': {
      seeds: [json({ metadata: {}, weight_map: { a: 'a.safetensors', b: 'a.safetensors' } })],
      attack: file('x.index.json', () =>
        findWeights(folder, {
          files: ['none.safetensors'],
          index: ['x.index.json'],
          include: [],
          ignore: [],
          rename: [],
        }),
      ),
    },
    manifest: {
      seeds: [model('miniature', 'manifest.json'), model('sd21', 'manifest.json')],
      attack: (bytes) => checkManifest(parseField(bytes.toString('utf8'), 'm.json', 'MANIFEST_INVALID')),
    },
    'manifests of CLIP and BLIP': {
      seeds: [model('clip', 'manifest.json'), model('miniature', 'captioner.json')],
      attack: file('c.json', (name) =>
        Promise.any([readModelManifest(name, 'contrastive'), readModelManifest(name, 'captioner')]).catch(
          ({ errors }) => Promise.reject(errors[0]),
        ),
      ),
    },
    'tokenizer, vocabulary': {
      seeds: [model('miniature', 'tokenizer', 'vocab.json')],
      attack: file('tokenizer/vocab.json', () => readTokenizerFiles(at('tokenizer'))),
    },
    'tokenizer, merges': {
      seeds: [model('miniature', 'tokenizer', 'merges.txt')],
      attack: file('tokenizer/merges.txt', () => readTokenizerFiles(at('tokenizer'))),
    },
    'tokenizer, special tokens': {
      seeds: [model('miniature', 'tokenizer', 'special_tokens_map.json')],
      attack: file('special_tokens_map.json', () => readSpecialTokens(folder)),
    },
    'tokenizer in one file': {
      seeds: [
        json({
          model: {
            type: 'BPE',
            vocab: JSON.parse(model('miniature', 'tokenizer', 'vocab.json')),
            // As older tools write them, and the first one as newer ones do.
            merges: [merges[0].split(' '), ...merges.slice(1)],
          },
        }),
      ],
      attack: file('one/tokenizer.json', () => readTokenizerFiles(at('one'))),
    },
    'wordpiece in one file': {
      seeds: [json({ model: { vocab: { '[PAD]': 0, '[UNK]': 1, a: 2, '##b': 3 } } })],
      attack: file('pieces/tokenizer.json', async () => (await WordPiece.load(at('pieces'))).encode('ab a b')),
    },
    wordpiece: {
      seeds: [Buffer.from('[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\n')],
      attack: file('vocab.txt', async () => (await WordPiece.load(folder)).encode('ab a b')),
    },
    'PNG mask': {
      seeds: masks,
      attack: (bytes) => decodeNamedMask(bytes, 'm.png', size),
    },
    'PNG mask, checksums right': {
      seeds: masks,
      attack: (bytes) => decodeNamedMask(withChecksums(bytes), 'm.png', size),
    },
    'names of a mask': {
      seeds: [Buffer.from(named)],
      attack: (bytes) => parseLabelNames(bytes.toString('latin1'), 'm.png'),
    },
    'MATLAB mask': {
      seeds: [true, false].map((compressed) =>
        matlabFile('LabelMap', [...labels], size.height, size.width, { compressed }),
      ),
      attack: (bytes) => readMatrix(bytes, 'm.mat', 'LabelMap', size),
    },
    'COCO annotation': {
      seeds: annotations.map(json),
      attack: ofJson((value) =>
        typeof value === 'object' && value !== null ? readAnnotation(value, size, 'a') : undefined,
      ),
    },
    'COCO file': {
      seeds: [json(coco)],
      attack: file('instances.json', async (name) => {
        const opened = await InstancesFile.open(name);
        for (const id of opened.list.ids) await opened.objects(id);
      }),
    },
    'list of pictures': {
      seeds: [Buffer.from('a\nb c\n2007_000033\n')],
      attack: file('list.txt', () => readList(place4, 'list.txt')),
    },
    'classes of a folder': {
      seeds: [json(['cat', { name: 'sofa', prompt: 'sofa', synonyms: ['couch'] }])],
      attack: file('classes.json', () => readVocabularyOf(place4)),
    },
    vocabulary: {
      seeds: [
        json({
          name: 'v',
          classes: ['cat', { name: 'tv', prompt: 'tv monitor', synonyms: ['telly'], aliases: ['tb'] }],
          backgroundWords: ['sky'],
        }),
      ],
      attack: (bytes) => readVocabulary(parseNames(bytes.toString('utf8'), 'v.json')),
    },
    captions: {
      seeds: [
        json({ a: 'a cat on a sofa', b: ["two dogs' bones", 'a tv-monitor'] }),
        json({ images: [{ id: 1, file_name: 'a.jpg' }], annotations: [{ image_id: 1, caption: 'a cat' }] }),
      ],
      attack: (bytes) =>
        [...parseCaptions(parseNames(bytes.toString('utf8'), 'c.json')).values()].map((text) =>
          matcher.classesIn(text),
        ),
    },
    'lists of names': {
      seeds: [json({ image_similarity: { a: ['cat', 'tv monitor'] }, text_similarity: { 'a.jpg': ['dog'] } })],
      attack: (bytes) => parseLists(parseNames(bytes.toString('utf8'), 'n.json'), few),
    },
    picture: {
      seeds: await Promise.all(
        ['jpeg', 'png', 'webp', 'gif', 'tiff'].map((format) => rgb.clone().toFormat(format).toBuffer()),
      ),
      attack: (bytes) => decodeImage(bytes, { maxPixels: 1e6 }),
    },
    options: {
      seeds: [
        json({
          steps: 3,
          views: { count: 2, crop: { min: 0.5, max: 1 } },
          attention: { inferenceCross: { 16: 1 }, layers: { trainingCross: { heads: { a: [1] } } } },
          prompt: { caption: { cat: 'x' } },
        }),
        json({ device: 'cpu', threads: 2 }),
        json({ kind: 'folder', root: 'x', background: 'class' }),
      ],
      attack: ofJson((value) => {
        const results = [resolveOptions, resolveEngineOptions, resolveDatasetOptions].map((resolve) => {
          try {
            return { done: resolve(value) };
          } catch (error) {
            return { error };
          }
        });
        const foreign =
          results.find(({ error }) => error !== undefined && error.name !== 'InvSegError') ??
          (results.every(({ error }) => error) ? results[0] : undefined);
        if (foreign) throw foreign.error;
      }),
    },
    'settings of the command line': {
      seeds: [
        'views.crop.min=0.5',
        'attention.layers.trainingCross.heads.a=[1]',
        'views={"crop":{"min":0.5}}',
        'prompt.template=a {}',
      ].map((text) => Buffer.from(text)),
      attack: (bytes) => resolveOptions(parseSettings(bytes.toString('utf8').split('\n'))),
    },
    'journal, record': { seeds: [json(record)], attack: ofJson((value) => checkRecord(value, 4, 'line 2')) },
    'journal, settings': { seeds: [json(settings)], attack: ofJson((value) => checkSettings(value, 'line 1')) },
    'journal, file': { seeds: [journal], attack: file('journal.jsonl', () => readRun(folder, { samples: 0 })) },
    'journal, file, checksums right': {
      seeds: [
        Buffer.from(
          [{ settings }, record, { ...record, id: 'q', place: 4 }].map((one) => `${JSON.stringify(one)}\n`).join(''),
        ),
      ],
      attack: (bytes) => file('journal.jsonl', () => readRun(folder, { samples: 0 }))(sealed(bytes)),
    },
    'queue, result': {
      seeds: [
        json({ record, labels: 'AAAA', worker: 'w' }),
        json({ failure: { code: 'INTERNAL', message: 'm' }, worker: 'w' }),
      ],
      attack: ofJson((value) => decodeResult(value, place, 4)),
    },
    'queue, labels': {
      seeds: [Buffer.from(await packLabels(labels))],
      attack: (bytes) => unpackLabels(bytes, labels.length),
    },
    'queue, list of runs': { seeds: [json({ settings, seen: 1 })], attack: registry },
    'queue, address': {
      seeds: ['redis://u:p@host:6379/1', 'unix:///tmp/x?db=1', 'rediss://host'].map((text) => Buffer.from(text)),
      attack: (bytes) => new RedisUrl(bytes.toString('utf8'), 'secret').place(),
    },
  };
}
