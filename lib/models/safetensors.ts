/**
 * Header of a safetensors file: 8 bytes length, JSON, data. Everything that can be wrong is found here, from the header
 * and the file's size alone, because the engine maps the file and trusts the byte ranges.
 */

import type { FileHandle } from 'node:fs/promises';
import { isPlainObject, topLevelKeys } from '../checks/index.js';
import { type ErrorCode, InvSegError } from '../errors.js';
import { FileError, openFile, parseJson } from '../system/index.js';

/** Bytes of one element; the sub-byte types of newer files are not for us and count as unknown. */
// prettier-ignore
const ELEMENT_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
} as const;

export type SafetensorsDtype = keyof typeof ELEMENT_BYTES;

export interface TensorHeader {
  name: string;
  dtype: SafetensorsDtype;
  shape: number[];
  /** Absolute byte range in the file. */
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  file: string;
  /** Size of the file. */
  bytes: number;
  /** In the order of their data. */
  tensors: TensorHeader[];
  /** What the writer put under `__metadata__`. */
  metadata: Record<string, string>;
}

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/**
 * Reads and checks the header; no tensor data is read.
 *
 * @throws InvSegError `WEIGHTS_NOT_FOUND`; `WEIGHTS_PICKLE` for a PyTorch file under this name; `WEIGHTS_INVALID` for
 * anything that breaks the format: the first line names the file and the tensor.
 */
export async function readHeader(file: string): Promise<SafetensorsHeader> {
  let handle: FileHandle | undefined;
  try {
    const opened = await openFile(file);
    handle = opened.handle;
    const json = await readJson(handle, file, opened.bytes);
    const begin = LENGTH_BYTES + json.length;
    return { file, bytes: opened.bytes, ...parseHeader(file, json, begin, opened.bytes) };
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    if (cause instanceof FileError) {
      throw fail(cause.missing ? 'WEIGHTS_NOT_FOUND' : 'WEIGHTS_INVALID', `${file}: ${cause.message}`, cause);
    }
    throw fail('WEIGHTS_INVALID', `${file}: it cannot be read (${String(cause)})`, cause);
  } finally {
    await handle?.close();
  }
}

async function readJson(handle: FileHandle, file: string, bytes: number): Promise<Buffer> {
  const start = Buffer.alloc(LENGTH_BYTES);
  const { bytesRead } = await handle.read(start, 0, LENGTH_BYTES, 0);
  const text = start.toString('latin1');
  if (text.startsWith('version ')) {
    throw invalid(file, 'it is a Git LFS pointer, not the weights; fetch them with `git lfs pull`');
  }
  if (text.startsWith('PK\x03\x04') || text.startsWith('\x80\x02')) {
    throw fail('WEIGHTS_PICKLE', `${file}: it is a PyTorch file, not safetensors; loading one can run code`);
  }
  if (bytesRead < LENGTH_BYTES)
    throw invalid(file, `it has ${bytes} bytes; the header's length alone takes ${LENGTH_BYTES}`);
  const length = start.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(file, `it is not safetensors: a header of ${length} bytes (at most ${MAX_HEADER_BYTES} are allowed)`);
  }
  if (length > BigInt(bytes - LENGTH_BYTES)) {
    throw invalid(file, `it is truncated: the header has ${length} bytes, the file ${bytes}`);
  }
  const json = Buffer.alloc(Number(length));
  const read = await handle.read(json, 0, json.length, LENGTH_BYTES);
  if (read.bytesRead !== json.length) throw invalid(file, 'it changed while it was read');
  return json;
}

function parseHeader(
  file: string,
  json: Buffer,
  dataBegin: number,
  bytes: number,
): Pick<SafetensorsHeader, 'tensors' | 'metadata'> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    header = parseJson(text);
  } catch (cause) {
    throw fail('WEIGHTS_INVALID', `${file}: its header is not valid JSON (${(cause as Error).message})`, cause);
  }
  if (!text.startsWith('{') || !isPlainObject(header)) throw invalid(file, 'its header is not a JSON object');
  // JSON.parse keeps the last of two equal names without a word.
  const keys = topLevelKeys(text);
  const twice = keys.find((key, i) => i > 0 && keys[i - 1] === key);
  if (twice !== undefined) throw invalid(file, `tensor ${JSON.stringify(twice)} is listed twice`);

  let metadata: Record<string, string> = {};
  const tensors: TensorHeader[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isPlainObject(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
        throw invalid(file, '__metadata__ is not an object of texts');
      }
      metadata = entry as Record<string, string>;
    } else {
      tensors.push(readEntry(file, name, entry, dataBegin, bytes));
    }
  }
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(file, tensors, dataBegin, bytes);
  return { tensors, metadata };
}

function readEntry(file: string, name: string, entry: unknown, dataBegin: number, bytes: number): TensorHeader {
  const bad = (what: string): InvSegError => invalid(file, `tensor ${JSON.stringify(name.slice(0, 200))} ${what}`);
  if (!isPlainObject(entry)) throw bad('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw bad(`has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isCounts(shape)) throw bad(`has the shape ${JSON.stringify(shape)}; expected a list of sizes`);
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw bad(`has the data_offsets ${JSON.stringify(offsets)}; expected two byte positions`);
  }
  const [from, to] = offsets as [number, number];
  if (from > to) throw bad(`ends (${to}) before it begins (${from})`);
  const expected = shape.reduce((product, size) => product * size, ELEMENT_BYTES[dtype as SafetensorsDtype]);
  if (expected !== to - from) {
    throw bad(`has ${to - from} bytes; ${dtype} of shape [${shape.join(', ')}] takes ${expected}`);
  }
  if (dataBegin + to > bytes) {
    throw bad(`ends at byte ${dataBegin + to}, but the file has ${bytes}: it is truncated, fetch it again`);
  }
  return { name, dtype: dtype as SafetensorsDtype, shape, begin: dataBegin + from, end: dataBegin + to };
}

/** The format forbids overlaps, holes and bytes that belong to no tensor. */
function checkCoverage(file: string, tensors: readonly TensorHeader[], dataBegin: number, bytes: number): void {
  let end = dataBegin;
  let previous = 'the header';
  for (const tensor of tensors) {
    const name = `tensor ${JSON.stringify(tensor.name)}`;
    if (tensor.begin < end) throw invalid(file, `${name} overlaps ${previous}`);
    if (tensor.begin > end) throw invalid(file, `${tensor.begin - end} bytes before ${name} belong to no tensor`);
    end = tensor.end;
    previous = name;
  }
  if (end < bytes) throw invalid(file, `${bytes - end} bytes after ${previous} belong to no tensor`);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function invalid(file: string, what: string): InvSegError {
  return fail('WEIGHTS_INVALID', `${file}: ${what}`);
}

function fail(code: ErrorCode, message: string, cause?: unknown): InvSegError {
  return new InvSegError(code, message, cause === undefined ? undefined : { cause });
}
