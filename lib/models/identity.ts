/** What a model is: everything whose change changes its masks. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { isPlainObject } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, readBounded } from '../system/index.js';

/**
 * SHA-256 of each part, in hexadecimal. The same weights under another manifest, code or tokenizer are another model.
 */
export interface ModelIdentity {
  /** Of the weight files, as `sha256sum` shows them. */
  readonly weights: string;
  /** Of what the manifest says: resolutions, schedule, scale, special ids. */
  readonly manifest: string;
  /** Of the TorchScript. */
  readonly code: string;
  /** Of the tokenizer's files. */
  readonly tokenizer: string;
}

/** Files that a tokenizer may be read from. */
const TOKENIZER_FILES = [
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'tokenizer.json',
  'special_tokens_map.json',
  'tokenizer_config.json',
];

/** One value for named ones; names and values have no line ends. */
export function hashNamed(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([name, value]) => `${value}  ${name}\n`);
  return sha256(lines.sort().join(''));
}

/** @param value JSON data; the order of its keys does not count */
export const hashJson = (value: unknown): string => sha256(JSON.stringify(value, sorted));

/** @throws {InvSegError} `TOKENIZER_INVALID` for a file that is there and cannot be read */
export async function hashTokenizer(folder: string): Promise<string> {
  const found: Record<string, string> = {};
  for (const name of TOKENIZER_FILES) {
    const content = await readBounded(path.join(folder, name), LIMITS.list).catch((cause: FileError) => {
      if (cause.missing) return undefined;
      throw new InvSegError('TOKENIZER_INVALID', `${path.join(folder, name)}: ${cause.message}`, { cause });
    });
    if (content !== undefined) found[name] = sha256(content);
  }
  return hashNamed(found);
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

const sorted = (_: string, value: unknown): unknown =>
  isPlainObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
