/**
 * The elements of the lists in a large JSON object, one by one, with their place in the file.
 *
 * COCO's files (20 MB to 450 MB, more than a string of V8 may have with some others) are one object with lists of small
 * objects. Streaming parsers make a token of every one of their numbers; here the bytes are only searched for the borders of
 * elements, each of which is then `JSON.parse`d, and can be read again by its place.
 */
import { InvSegError } from '../../errors.js';
import { decodeText, openFile, parseJson } from '../../system/index.js';
import { whyNot } from '../places.js';

export interface Element {
  /** Key of the list that it is in. */
  key: string;
  /** Parsed JSON, always an object. */
  value: Record<string, unknown>;
  /** Place in the file, in bytes. */
  offset: number;
  length: number;
}

const CHUNK_BYTES = 2 ** 20;
/** No annotation is as long; a file without end of its first element is not read into memory. */
const MAX_ELEMENT_BYTES = 2 ** 26;

const [QUOTE, BACKSLASH, COLON, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [...'"\\:,[]{}'].map((c) =>
  c.charCodeAt(0),
);

/**
 * @param keys lists to read; the others are passed over
 * @param take gets every element; what it throws ends the reading
 * @throws {InvSegError} `DATASET_NOT_FOUND` without the file; `DATASET_INVALID`: no object, a list that is not there or has
 * other things than objects, damaged, truncated
 */
export async function readElements(
  file: string,
  keys: readonly string[],
  take: (element: Element) => void,
): Promise<void> {
  const scanner = new Scanner(file, keys, take);
  const { handle } = await openFile(file).catch((cause: unknown) => {
    throw new InvSegError('DATASET_NOT_FOUND', `${file}: ${whyNot(cause, 'file')}`, { cause });
  });
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) break;
      scanner.push(buffer.subarray(0, bytesRead));
    }
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw new InvSegError('DATASET_INVALID', `${file}: ${whyNot(cause, 'file')}`, { cause });
  } finally {
    await handle.close();
  }
  scanner.end();
}

class Scanner {
  readonly #file: string;
  readonly #keys: ReadonlySet<string>;
  readonly #take: (element: Element) => void;
  /** Brackets open: 1 within the outermost object, 2 within one of its lists, 3 and more within an element. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The outermost object has been closed. */
  #done = false;
  /** Last string directly within the outermost object; a key once its colon has come. */
  #word: number[] = [];
  #key: string | undefined;
  /** Whether the value of the key is a list; what else is there is passed over. */
  #list = false;
  /** Wanted lists that came. */
  readonly #seen = new Set<string>();
  /** Bytes of the file before the chunk. */
  #before = 0;
  /** Of the element that is open, in the file; and its bytes of earlier chunks. */
  #start = -1;
  #parts: Buffer[] = [];

  constructor(file: string, keys: readonly string[], take: (element: Element) => void) {
    this.#file = file;
    this.#keys = new Set(keys);
    this.#take = take;
  }

  push(chunk: Buffer): void {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#inString) this.#string(byte);
      else if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#word = [];
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#open(byte, i);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#close(chunk, i);
      else if (byte === COLON && this.#depth === 1) this.#key = Buffer.from(this.#word).toString();
      else if (this.#depth === 0 && byte > 32) this.#noObject(byte, i);
      else if (this.#depth === 2 && byte > 32 && byte !== COMMA && this.#wanted) this.#noElement(i);
    }
    if (this.#start >= 0) {
      this.#parts.push(Buffer.from(chunk.subarray(Math.max(0, this.#start - this.#before))));
      if (this.#before + chunk.length - this.#start > MAX_ELEMENT_BYTES)
        this.#fail(`an element of ${this.#key} does not end`, this.#start);
    }
    this.#before += chunk.length;
  }

  end(): void {
    if (!this.#done)
      this.#fail(this.#before === 0 ? 'it is empty' : 'it is truncated: brackets are open at its end', this.#before);
    const missing = [...this.#keys].filter((key) => !this.#seen.has(key));
    if (missing.length > 0)
      this.#fail(`there is no list ${missing.map((key) => JSON.stringify(key)).join(' and no list ')}`, this.#before);
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return;
    }
    if (this.#depth === 1 && this.#word.length < 64) this.#word.push(byte);
  }

  #open(byte: number, i: number): void {
    if (this.#depth === 0 && (this.#done || byte !== OPEN_OBJECT)) this.#noObject(byte, i);
    if (this.#depth === 1) {
      this.#list = byte === OPEN_LIST;
      if (this.#wanted) this.#seen.add(this.#key!);
    }
    if (this.#depth === 2 && this.#wanted) {
      if (byte !== OPEN_OBJECT) this.#noElement(i);
      this.#start = this.#before + i;
    }
    this.#depth++;
  }

  #close(chunk: Buffer, i: number): void {
    this.#depth--;
    if (this.#depth < 0) this.#fail('a bracket is closed that was not opened', this.#before + i);
    if (this.#depth === 0) this.#done = true;
    if (this.#depth !== 2 || this.#start < 0) return;
    const tail = chunk.subarray(Math.max(0, this.#start - this.#before), i + 1);
    const bytes = this.#parts.length === 0 ? tail : Buffer.concat([...this.#parts, tail]);
    const offset = this.#start;
    this.#start = -1;
    this.#parts = [];
    this.#take({ key: this.#key!, value: parseElement(bytes, this.#file, offset), offset, length: bytes.length });
  }

  get #wanted(): boolean {
    return this.#list && this.#key !== undefined && this.#keys.has(this.#key);
  }

  #noElement(i: number): never {
    this.#fail(`expected objects in the list ${JSON.stringify(this.#key)}`, this.#before + i);
  }

  #noObject(byte: number, i: number): void {
    // A byte order mark is no content.
    if (!this.#done && [0xef, 0xbb, 0xbf].includes(byte)) return;
    this.#fail(this.#done ? 'something follows the end of the object' : 'expected a JSON object', this.#before + i);
  }

  #fail(why: string, at: number): never {
    throw new InvSegError('DATASET_INVALID', `${this.#file}: ${why} (byte ${at})`);
  }
}

/** @throws {InvSegError} `DATASET_INVALID` */
export function parseElement(bytes: Buffer, file: string, offset: number): Record<string, unknown> {
  try {
    return parseJson(decodeText(bytes)) as Record<string, unknown>;
  } catch (cause) {
    throw new InvSegError('DATASET_INVALID', `${file}: damaged JSON at byte ${offset} (${(cause as Error).message})`, {
      cause,
    });
  }
}
