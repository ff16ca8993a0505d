/** BERT's tokenizer against transformers', and its files. */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { WordPiece } from '../../lib/vision-language/wordpiece.js';
import { temporaryFolder } from './made.js';

const GOLDEN = path.join(import.meta.dirname, 'golden');
const reference = JSON.parse(gunzipSync(await readFile(path.join(GOLDEN, 'wordpiece.json.gz'))).toString('utf8')) as [
  text: string,
  ids: number[],
  decoded: string,
][];

describe('WordPiece', () => {
  test('2,000 strings have the ids that transformers gives them', async () => {
    const tokenizer = await WordPiece.load(GOLDEN);
    expect(reference).toHaveLength(2000);
    const wrong = reference.filter(([text, ids]) => tokenizer.encode(text).join() !== ids.join());
    expect(wrong.map(([text]) => text)).toEqual([]);
  });

  test('their ids have the text that transformers gives them', async () => {
    const tokenizer = await WordPiece.load(GOLDEN);
    const wrong = reference.filter(([, ids, decoded]) => tokenizer.decode(ids) !== decoded);
    expect(wrong.map(([text, ids, decoded]) => [text, decoded, tokenizer.decode(ids)])).toEqual([]);
  });

  test('vocabulary from tokenizer.json', async () => {
    const folder = await temporaryFolder();
    const vocab = { '[PAD]': 0, '[UNK]': 1, a: 2, cat: 3, '##s': 4, '.': 5 };
    await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify({ model: { vocab } }));
    const tokenizer = await WordPiece.load(folder, 6);
    expect(tokenizer.encode('A Cats. dog')).toEqual([2, 3, 4, 5, 1]);
    expect(tokenizer.decode([99, 2, 3, 4, 5, 1, 0])).toBe('a cats.');
    await expect(WordPiece.load(folder, 5)).rejects.toThrow(/6 tokens, but the text decoder knows 5/);
  });

  test('a word of more than 100 letters is unknown', async () => {
    const tokenizer = await WordPiece.load(GOLDEN);
    expect(tokenizer.encode('a'.repeat(101))).toEqual([1]);
    expect(tokenizer.encode('a'.repeat(100)).length).toBeGreaterThan(1);
  });

  test.each([
    ['no file', undefined, /no tokenizer\.json next to it/],
    ['not JSON', '{', /it is not valid JSON/],
    ['no vocabulary', '{"model":{}}', /:1:10: expected an object of token → id at model\.vocab but found nothing/],
    ['a hole', '{"model":{"vocab":{"[UNK]":0,"b":2}}}', /every id from 0 on once/],
    ['no unknown token', '{"model":{"vocab":{"a":0,"b":1}}}', /it has no \[UNK\]/],
  ])('%s', async (_, content, message) => {
    const folder = await temporaryFolder();
    if (content !== undefined) await writeFile(path.join(folder, 'tokenizer.json'), content);
    const load = WordPiece.load(folder);
    await expect(load).rejects.toThrow(message);
    await expect(load).rejects.toMatchObject({ code: 'TOKENIZER_INVALID' });
  });
});
