/** CLIP's tokenizer from the compressed merges; the vocabulary follows from them. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll } from 'vitest';
import { byteLetters } from '../../lib/text/bpe.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';

const FIXTURE = path.join(import.meta.dirname, '..', 'fixtures', 'clip-tokenizer');

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function unzip(name: string): Promise<string> {
  return gunzipSync(await readFile(path.join(FIXTURE, name))).toString('utf8');
}

/** The vocabulary in OpenAI's order: printable bytes, the others, both again with `</w>`, the merges, two specials. */
export function deriveVocab(merges: string[]): Record<string, number> {
  const printable = byteLetters.filter((c) => c.charCodeAt(0) < 0x100);
  const others = byteLetters.filter((c) => c.charCodeAt(0) >= 0x100);
  const letters = [...printable, ...others];
  const tokens = [...letters, ...letters.map((c) => `${c}</w>`), ...merges.map((pair) => pair.replace(' ', ''))];
  tokens.push('<|startoftext|>', '<|endoftext|>');
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** A temporary folder with `vocab.json` and `merges.txt`; `count` keeps the first merges only (a small, valid vocabulary). */
export async function writeClipFolder(count?: number): Promise<string> {
  const lines = (await unzip('merges.txt.gz')).trimEnd().split('\n');
  const merges = lines.slice(1, count === undefined ? undefined : count + 1);
  const folder = await mkdtemp(path.join(tmpdir(), 'invseg-clip-'));
  folders.push(folder);
  await writeFile(path.join(folder, 'vocab.json'), JSON.stringify(deriveVocab(merges)));
  await writeFile(path.join(folder, 'merges.txt'), `${lines[0]}\n${merges.join('\n')}\n`);
  return folder;
}

/** Pairs of text and ids, from transformers. */
export async function readReference(): Promise<[string, number[]][]> {
  return JSON.parse(await unzip('ids.json.gz')) as [string, number[]][];
}

/** The tokenizer of Stable Diffusion 2.1. */
export async function loadClip(length = 77): Promise<ClipTokenizer> {
  return ClipTokenizer.load(await writeClipFolder(), { length, bos: 49406, eos: 49407, pad: 0 });
}
