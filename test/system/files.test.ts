import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseElement } from '../../lib/datasets/coco/elements.js';
import { InstancesFile } from '../../lib/datasets/coco/instances.js';
import { openDataset } from '../../lib/datasets/index.js';
import { readIndexMask } from '../../lib/explain/truth.js';
import { decodeImage } from '../../lib/image/decode.js';
import { openBundle } from '../../lib/models/index.js';
import { readHeader } from '../../lib/models/safetensors.js';
import { loadVocabulary } from '../../lib/names/index.js';
import { createNameSource } from '../../lib/names/sources.js';
import { decodeText, FileError, openFile, readBounded, readStart, readText } from '../../lib/system/files.js';
import { byteLetters, WORD_END } from '../../lib/text/bpe.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';
import { readSpecialTokens, readTokenizerFiles } from '../../lib/text/tokenizer-files.js';
import { WordPiece } from '../../lib/vision-language/wordpiece.js';
import { writeFolder } from '../../scripts/datasets/fixtures.mjs';

let folder: string;
const at = (...parts: string[]): string => path.join(folder, ...parts);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-files-'));
  writeFileSync(at('file'), 'some text');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fifo = (...parts: string[]): string => {
  rmSync(at(...parts), { force: true });
  mkdirSync(path.dirname(at(...parts)), { recursive: true });
  execFileSync('mkfifo', [at(...parts)]);
  return at(...parts);
};
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('a bounded reader', () => {
  it('gives a file whole, as text, or its start', async () => {
    expect((await readBounded(at('file'), 9)).toString()).toBe('some text');
    expect(await readText(at('file'), 9)).toBe('some text');
    expect((await readStart(at('file'), 4)).toString()).toBe('some');
    expect(await readStart(at('file'), 100)).toHaveLength(9);
  });

  it('takes UTF-8 for text, with a byte order mark or without, and nothing else', () => {
    expect(decodeText(Buffer.from('\uFEFFrosé, \uFFFD'))).toBe('rosé, \uFFFD');
    const refused = (...bytes: number[]) => expect(() => decodeText(Buffer.from(bytes)));
    refused(0x72, 0xe9, 0x22).toThrow(new FileError('EILSEQ', 'it is not UTF-8 (byte 1)'));
    refused(0xff, 0xfe, 0x5b, 0x00).toThrow('byte 0');
    refused(0x72, 0xef, 0xbf).toThrow('byte 1');
    refused(0x72, 0xc3, 0xa9, 0xed, 0xa0, 0x80).toThrow('byte 3');
  });

  it.each([
    ['a file of more bytes', () => readBounded(at('file'), 8), 'EFBIG', /it has 9 bytes; at most 8 are read/],
    ['a folder', () => readBounded(folder, 8), 'EISDIR', /it is a folder/],
    ['nothing', () => readBounded(at('none'), 8), 'ENOENT', /there is no such file/],
    ['something below a file', () => readBounded(at('file', 'x'), 8), 'ENOTDIR', /there is no such file/],
    ['a device', () => readBounded('/dev/zero', 8), 'ENOTFILE', /it is not a regular file/],
    ['a pipe that nobody writes to', () => readBounded(fifo('pipe'), 8), 'ENOTFILE', /it is not a regular file/],
    ['the start of a pipe', () => readStart(fifo('pipe'), 8), 'ENOTFILE', /it is not a regular file/],
    ['opening a pipe', () => openFile(fifo('pipe')), 'ENOTFILE', /it is not a regular file/],
  ] as const)('refuses %s', async (_, work, code, message) => {
    const error = await failure(work());
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('refuses a socket', async () => {
    const server = createServer().listen(at('socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(await failure(readBounded(at('socket'), 8))).toMatchObject({ code: 'ENOTFILE' });
    server.close();
  });

  it('reads nothing of a sparse file that is too large', async () => {
    writeFileSync(at('sparse'), '');
    truncateSync(at('sparse'), 2 ** 40);
    expect(await failure(readBounded(at('sparse'), 2 ** 20))).toMatchObject({ code: 'EFBIG' });
  });
});

describe('a pipe in the place of a file is an error and no waiting', () => {
  const letters = Object.fromEntries(byteLetters.flatMap((c) => [c, c + WORD_END]).map((token, id) => [token, id]));
  const tokenizer = (name: string): Promise<unknown> => {
    rmSync(at('tokenizer'), { recursive: true, force: true });
    mkdirSync(at('tokenizer'));
    for (const file of ['vocab.json', 'merges.txt'])
      if (file !== name) writeFileSync(at('tokenizer', file), JSON.stringify(letters));
    fifo('tokenizer', name);
    return ClipTokenizer.load(at('tokenizer'), { length: 8 });
  };
  const special = (name: string): Promise<unknown> => {
    rmSync(at('special'), { recursive: true, force: true });
    return readSpecialTokens(path.dirname(fifo('special', name)));
  };
  const set = async (...parts: string[]): Promise<unknown> => {
    const root = at('data');
    rmSync(root, { recursive: true, force: true });
    const id = (await writeFolder(root, { count: 1 }))[0]!.id;
    fifo('data', ...parts.map((part) => part.replace('ID', id)));
    const dataset = await openDataset({ kind: 'folder', root, ...(parts[0] === 'lists' && { split: 'val' }) });
    for await (const item of dataset) await item.loadMask();
    return dataset;
  };
  const voc = () => loadVocabulary('voc');
  const cases: [string, () => Promise<unknown>, string][] = [
    ['vocab.json', () => tokenizer('vocab.json'), 'TOKENIZER_INVALID'],
    ['merges.txt', () => tokenizer('merges.txt'), 'TOKENIZER_INVALID'],
    ['special_tokens_map.json', () => special('special_tokens_map.json'), 'TOKENIZER_INVALID'],
    ['tokenizer_config.json', () => special('tokenizer_config.json'), 'TOKENIZER_INVALID'],
    ['tokenizer.json', () => readTokenizerFiles(path.dirname(fifo('one', 'tokenizer.json'))), 'TOKENIZER_INVALID'],
    ['weights', () => readHeader(fifo('a.safetensors')), 'WEIGHTS_INVALID'],
    ["COCO's instances", () => InstancesFile.open(fifo('instances.json')), 'DATASET_NOT_FOUND'],
    [
      'lists of names',
      async () => createNameSource('precomputed', { precomputed: fifo('lists.json'), vocabulary: await voc() }),
      'NAMES_NOT_FOUND',
    ],
    ['vocab.txt', () => (fifo('words', 'vocab.txt'), WordPiece.load(at('words'))), 'TOKENIZER_INVALID'],
    ['a vocabulary', () => loadVocabulary(fifo('names.json')), 'NAMES_NOT_FOUND'],
    [
      'captions',
      async () => createNameSource('captions', { captions: fifo('captions.json'), vocabulary: await voc() }),
      'NAMES_NOT_FOUND',
    ],
    ['an image', () => decodeImage(fifo('picture.jpg')), 'IMAGE_UNREADABLE'],
    ['a mask', () => readIndexMask(fifo('mask.png'), { width: 1, height: 1 }), 'IMAGE_UNREADABLE'],
    ['a list', () => set('lists', 'val.txt'), 'DATASET_NOT_FOUND'],
    ['classes.json', () => set('classes.json'), 'DATASET_NOT_FOUND'],
    ['a mask of a data set', () => set('masks', 'ID.png'), 'MASK_NOT_FOUND'],
    ['a picture of a data set', () => set('images', 'ID.jpg'), 'IMAGE_UNREADABLE'],
    ['a manifest', () => (fifo('model', 'manifest.json'), openBundle(at('model'))), 'MODEL_NOT_FOUND'],
  ];
  it.each(cases)('%s', async (_, work, code) => {
    expect(await failure(work())).toMatchObject({ name: 'InvSegError', code });
  });
});

describe('text that is not UTF-8 is an error, with the code of its reader', () => {
  const latin1 = (text: string, ...parts: string[]): string => {
    mkdirSync(path.dirname(at(...parts)), { recursive: true });
    rmSync(at(...parts), { force: true }); // a pipe of the tests above would wait for a reader
    writeFileSync(at(...parts), Buffer.from(text, 'latin1'));
    return at(...parts);
  };
  const set = async (name: string, text: string): Promise<unknown> => {
    const root = at('latin1');
    rmSync(root, { recursive: true, force: true });
    await writeFolder(root, { count: 1 });
    if (name === 'classes.txt') rmSync(at('latin1', 'classes.json'));
    latin1(text, 'latin1', ...name.split('/'));
    return openDataset({ kind: 'folder', root, ...(name.startsWith('lists') && { split: 'val' }) });
  };
  const cases: [string, () => Promise<unknown>, string][] = [
    ['a vocabulary', () => loadVocabulary(latin1('["rosé"]', 'names.json')), 'NAMES_INVALID'],
    [
      'captions',
      async () =>
        createNameSource('captions', {
          captions: latin1('{"a": "rosé"}', 'captions.json'),
          vocabulary: await loadVocabulary('voc'),
        }),
      'NAMES_INVALID',
    ],
    ['classes.json', () => set('classes.json', '["rosé"]'), 'NAMES_INVALID'],
    ['classes.txt', () => set('classes.txt', 'rosé\n'), 'NAMES_INVALID'],
    ['a list', () => set('lists/val.txt', 'rosé\n'), 'DATASET_INVALID'],
    [
      'a manifest',
      () => (latin1('{"name": "é"}', 'bundle', 'manifest.json'), openBundle(at('bundle'))),
      'MANIFEST_INVALID',
    ],
    ['vocab.json', () => (latin1('{"é": 0}', 'old', 'vocab.json'), readTokenizerFiles(at('old'))), 'TOKENIZER_INVALID'],
    ['vocab.txt', () => (latin1('é\n', 'pieces', 'vocab.txt'), WordPiece.load(at('pieces'))), 'TOKENIZER_INVALID'],
    [
      "COCO's instances",
      async () => parseElement(Buffer.from('{"name": "rosé"}', 'latin1'), 'instances.json', 10),
      'DATASET_INVALID',
    ],
  ];
  it.each(cases)('%s', async (_, work, code) => {
    expect(await failure(work())).toMatchObject({
      code,
      message: expect.stringMatching(/it is not UTF-8 \(byte \d+\)/),
    });
  });

  it('merges.txt may begin with a byte order mark', async () => {
    const tokens = [...byteLetters.flatMap((c) => [c, c + WORD_END]), 'ab'];
    mkdirSync(at('marked'));
    writeFileSync(
      at('marked', 'vocab.json'),
      JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))),
    );
    writeFileSync(at('marked', 'merges.txt'), '\uFEFF#version: 0.2\na b\n');
    expect((await readTokenizerFiles(at('marked'))).merges).toEqual(['a b']);
  });
});
