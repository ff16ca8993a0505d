/** Reads and checks the files of a tokenizer folder, so that encoding never meets a surprise. */

import path from 'node:path';
import type { Field } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, optionalField, readText } from '../system/index.js';
import { byteLetters, WORD_END } from './bpe.js';

export interface TokenizerFiles {
  /** The file that the vocabulary came from, for messages. */
  file: string;
  vocab: Map<string, number>;
  /** `"left right"`, most frequent first. */
  merges: string[];
}

/** Spellings of the special tokens. */
export interface SpecialTokens {
  bos: string;
  eos: string;
  pad: string;
}

const CLIP_SPECIALS: SpecialTokens = { bos: '<|startoftext|>', eos: '<|endoftext|>', pad: '<|endoftext|>' };

/** A byte alone, and one that ends a word. */
const singleTokens = byteLetters.flatMap((letter) => [letter, letter + WORD_END]);

/**
 * `vocab.json` and `merges.txt`; where there is no `vocab.json`, the `tokenizer.json` that newer tools write alone.
 *
 * @throws InvSegError `TOKENIZER_INVALID` naming the file.
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const vocabFile = path.join(folder, 'vocab.json');
  const top = await tokenizerField(vocabFile);
  if (top) {
    const vocab = checkVocab(top);
    const mergesFile = path.join(folder, 'merges.txt');
    const mergesText = await tokenizerText(mergesFile);
    if (mergesText === undefined) throw invalid(mergesFile, 'there is no such file; it belongs next to vocab.json');
    const lines = mergesText.split(/\r?\n/);
    const merges = lines.filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
    return { file: vocabFile, vocab, merges: checkMerges(mergesFile, merges, vocab) };
  }
  const oneFile = path.join(folder, 'tokenizer.json');
  const one = await tokenizerField(oneFile);
  if (!one) throw invalid(vocabFile, 'there is no such file; a tokenizer consists of vocab.json and merges.txt');
  const model = one.at('model');
  if (!model.isRecord || (model.at('type').value ?? 'BPE') !== 'BPE') model.error('expected a model of type BPE');
  const vocab = checkVocab(model.at('vocab'));
  const merges = model
    .at('merges')
    .list()
    .map(({ value }) => (Array.isArray(value) ? value.map(plain).join(' ') : plain(value)));
  return { file: oneFile, vocab, merges: checkMerges(oneFile, merges, vocab) };
}

/** What is no text matches no token, and is named as it stands in the file. */
const plain = (part: unknown): string => (typeof part === 'string' ? part : JSON.stringify(part));

/**
 * Spellings of the special tokens: `special_tokens_map.json`, else `tokenizer_config.json`, else CLIP's.
 *
 * @throws InvSegError `TOKENIZER_INVALID` when one of these files is there and is not a JSON object.
 */
export async function readSpecialTokens(folder: string): Promise<SpecialTokens> {
  const found: SpecialTokens = { ...CLIP_SPECIALS };
  for (const name of ['tokenizer_config.json', 'special_tokens_map.json']) {
    const file = path.join(folder, name);
    const top = await tokenizerField(file);
    for (const kind of ['bos', 'eos', 'pad'] as const) {
      const token = top?.at(`${kind}_token`);
      const spelling = token?.isRecord ? token.at('content').value : token?.value;
      if (typeof spelling === 'string') found[kind] = spelling;
    }
  }
  return found;
}

function checkVocab(list: Field): Map<string, number> {
  const vocab = new Map<string, number>();
  const { file } = list.source;
  const entries = Object.entries(list.record('an object of token → id'));
  const seen = new Uint8Array(entries.length);
  for (const [token, id] of entries) {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= entries.length || seen[id] !== 0) {
      throw invalid(
        file,
        `token ${JSON.stringify(token)} has id ${JSON.stringify(id)}; expected each of 0 to ${entries.length - 1} once`,
      );
    }
    seen[id] = 1;
    vocab.set(token, id);
  }
  const missing = singleTokens.find((token) => !vocab.has(token));
  if (missing !== undefined) {
    throw invalid(
      file,
      `token ${JSON.stringify(missing)} is missing; CLIP's vocabulary has one for each byte, alone and ending a word`,
    );
  }
  return vocab;
}

function checkMerges(file: string, merges: string[], vocab: ReadonlyMap<string, number>): string[] {
  merges.forEach((pair, i) => {
    const [left, right, more] = pair.split(' ');
    if (!left || !right || more !== undefined) {
      throw invalid(
        file,
        `merge ${i + 1} is ${JSON.stringify(pair.slice(0, 80))}; expected two tokens and a space between`,
      );
    }
    const unknown = [left, right, left + right].find((token) => !vocab.has(token));
    if (unknown !== undefined)
      throw invalid(file, `merge ${i + 1} uses ${JSON.stringify(unknown)}, which is not in the vocabulary`);
  });
  // A list that was cut off reads as shorter words, and the masks would be others.
  const made = new Set([...singleTokens, ...merges.map((pair) => pair.replace(' ', ''))]);
  const unmade = [...vocab.keys()].filter((token) => !made.has(token) && !/^<.+>$/.test(token));
  if (unmade.length > 0) {
    const tokens = `${unmade.length} ${unmade.length === 1 ? 'token' : 'tokens'}`;
    throw invalid(
      file,
      `no merge makes ${tokens} of the vocabulary, ${JSON.stringify(unmade[0])} first; the list is cut off, or another model's`,
    );
  }
  return merges;
}

/** A file of a tokenizer; undefined where there is none. @throws {InvSegError} `TOKENIZER_INVALID` */
export const tokenizerField = (file: string): Promise<Field | undefined> =>
  optionalField(file, LIMITS.list, 'TOKENIZER_INVALID');

/** The same for one that is not JSON. */
export async function tokenizerText(file: string): Promise<string | undefined> {
  try {
    return await readText(file, LIMITS.list);
  } catch (cause) {
    const { missing, message } = cause as FileError;
    if (missing) return undefined;
    throw invalid(file, message, cause);
  }
}

export function invalid(file: string, what: string, cause?: unknown): InvSegError {
  return new InvSegError('TOKENIZER_INVALID', `${file}: ${what}`, cause === undefined ? undefined : { cause });
}
