import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { ClipTokenizer, normalise } from '../../lib/text/tokenizer.js';
import { loadClip, readReference, writeClipFolder } from './clip-fixture.js';

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await loadClip();
});

describe('ids', () => {
  it("equal those of transformers' CLIPTokenizer on 2,000 strings", async () => {
    const reference = await readReference();
    const different = reference.filter(([text, ids]) => tokenizer.encode(text).join() !== ids.join());
    expect(reference).toHaveLength(2000);
    expect(different).toEqual([]);
  });

  it('stay in the vocabulary and cover the text, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const clean = normalise(text);
        let end = 0;
        for (const token of tokenizer.tokenise(text)) {
          expect(token.id).toBeLessThan(tokenizer.size);
          expect(token.start).toBeLessThanOrEqual(token.end);
          expect(clean.slice(end, Math.max(end, token.start)).trim()).toBe('');
          end = token.end;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('never throw on broken surrogates, and are quick for a long word', () => {
    expect(tokenizer.encode('a\ud800b')).not.toEqual([]);
    expect(tokenizer.encode('\udfff')).not.toEqual([]);
    tokenizer.encode('猫'.repeat(2000) + 'a'.repeat(4000));
  });
});

it('does not keep long words, which a stranger may have without end', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const read = (from: number, to: number): void => {
    for (let i = from; i < to; i++) tokenizer.encode('猫'.repeat(1000) + String.fromCharCode(0x5000 + i));
  };
  read(0, 5);
  const before = heap();
  read(5, 400);
  // Their ids and places take 23 MiB where they are kept.
  expect(heap() - before).toBeLessThan(8);
});

describe('special tokens', () => {
  async function withFiles(files: Record<string, string>): Promise<ClipTokenizer> {
    const folder = await writeClipFolder(100);
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    return ClipTokenizer.load(folder, { length: 77 });
  }
  const padOf = (token: unknown): string => JSON.stringify({ pad_token: token });

  it("are CLIP's where the folder says nothing", async () => {
    const { bos, eos, pad } = await withFiles({});
    expect([bos, eos, pad]).toEqual([612, 613, 613]);
  });
  it('special_tokens_map.json wins over tokenizer_config.json', async () => {
    const files = { 'special_tokens_map.json': padOf('!'), 'tokenizer_config.json': padOf('<|endoftext|>') };
    expect((await withFiles(files)).pad).toBe(0);
  });
  it('may be objects', async () => {
    expect((await withFiles({ 'tokenizer_config.json': padOf({ content: '!', lstrip: false }) })).pad).toBe(0);
  });
  it('explicit ids win', async () => {
    const folder = await writeClipFolder(100);
    await writeFile(path.join(folder, 'special_tokens_map.json'), padOf('!'));
    expect((await ClipTokenizer.load(folder, { length: 77, pad: 7 })).pad).toBe(7);
  });
  it('the pad token is plain text inside a prompt', async () => {
    // transformers would take `!` for the special id 0 here; the model was trained with open_clip, which pads with 0
    // but reads `!` as the word that it is.
    expect(tokenizer.encode('hello!')).toEqual([3306, 256]);
  });
});

describe('a tokenizer.json alone', () => {
  it('gives the same ids', async () => {
    const folder = await writeClipFolder(300);
    const both = await ClipTokenizer.load(folder, { length: 77 });
    const { readFile } = await import('node:fs/promises');
    const vocab = JSON.parse(await readFile(path.join(folder, 'vocab.json'), 'utf8')) as unknown;
    const lines = (await readFile(path.join(folder, 'merges.txt'), 'utf8')).trim().split('\n').slice(1);
    const merges = lines.map((line) => line.split(' '));
    await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify({ model: { type: 'BPE', vocab, merges } }));
    await rm(path.join(folder, 'vocab.json'));
    const one = await ClipTokenizer.load(folder, { length: 77 });
    expect(one.encode('a potted plant, 猫')).toEqual(both.encode('a potted plant, 猫'));
  });
});

describe('broken folders', () => {
  const cases: [string, (folder: string) => Promise<unknown>, RegExp][] = [
    ['no vocab.json', (f) => rm(path.join(f, 'vocab.json')), /vocab\.json: there is no such file/],
    ['no merges.txt', (f) => rm(path.join(f, 'merges.txt')), /merges\.txt: there is no such file/],
    [
      'a truncated vocab.json',
      (f) => writeFile(path.join(f, 'vocab.json'), '{"a": 1'),
      /vocab\.json:1:8: it is not valid JSON/,
    ],
    ['a list', (f) => writeFile(path.join(f, 'vocab.json'), '[]'), /vocab\.json:1:1: expected an object/],
    ['an empty vocabulary', (f) => writeFile(path.join(f, 'vocab.json'), '{}'), /vocab\.json: token ".+" is missing/],
    [
      'an id twice',
      (f) => writeFile(path.join(f, 'vocab.json'), '{"a": 0, "b": 0}'),
      /vocab\.json: token "b" has id 0/,
    ],
    [
      'a text for an id',
      (f) => writeFile(path.join(f, 'vocab.json'), '{"a": "0"}'),
      /vocab\.json: token "a" has id "0"/,
    ],
    [
      'a merge of one',
      (f) => writeFile(path.join(f, 'merges.txt'), '#version\nabc\n'),
      /merges\.txt: merge 1 is "abc"/,
    ],
    [
      'merges that are cut off',
      (f) => writeFile(path.join(f, 'merges.txt'), '#version\ni n\n'),
      /merges\.txt: no merge makes 99 tokens of the vocabulary, "th" first/,
    ],
    ['no merges at all', (f) => writeFile(path.join(f, 'merges.txt'), ''), /no merge makes 100 tokens/],
    ['an unknown merge', (f) => writeFile(path.join(f, 'merges.txt'), 'q zz\n'), /merges\.txt: merge 1 uses "zz"/],
    [
      'a broken map',
      (f) => writeFile(path.join(f, 'special_tokens_map.json'), 'x'),
      /special_tokens_map\.json:1:1: .*JSON/,
    ],
    ['an unknown pad', (f) => writeFile(path.join(f, 'special_tokens_map.json'), '{"pad_token":"[PAD]"}'), /"\[PAD\]"/],
  ];
  it.each(cases)('%s', async (_, breakIt, message) => {
    const folder = await writeClipFolder(100);
    await breakIt(folder);
    const error = await ClipTokenizer.load(folder, { length: 77 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvSegError);
    expect((error as InvSegError).code).toBe('TOKENIZER_INVALID');
    expect((error as InvSegError).message.split('\n')[0]).toMatch(message);
  });

  it('ids outside the vocabulary, and more tokens than the model has', async () => {
    const folder = await writeClipFolder(100);
    for (const options of [
      { length: 77, bos: 614 },
      { length: 77, eos: -1 },
      { length: 77, vocabulary: 613 },
    ]) {
      await expect(ClipTokenizer.load(folder, options)).rejects.toMatchObject({ code: 'TOKENIZER_INVALID' });
    }
    await expect(ClipTokenizer.load(folder, { length: 77, eos: 614, manifest: 'manifest.json' })).rejects.toMatchObject(
      {
        code: 'MANIFEST_INVALID',
        message: expect.stringMatching(
          /^manifest\.json: expected a number below 614, the tokens of .*vocab\.json, at tokenizer\.eos but found 614$/,
        ),
      },
    );
  });
});
