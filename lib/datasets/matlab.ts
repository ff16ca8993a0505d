/**
 * A matrix of a MATLAB 5 file (`save -v6` and `-v7`), as much of the format as PASCAL Context's label maps need: real, full
 * matrices of numbers with two dimensions, plain or compressed, in either byte order.
 *
 * The file: 116 bytes of text, 12 of version and byte order ("IM" little endian), then elements, each a type, a length and
 * data padded to 8 bytes; up to 4 bytes of data share the 8 bytes with type and length. A matrix is an element of elements:
 * flags, dimensions, name, numbers, the numbers column by column and in the smallest type that holds them.
 */
import { inflateSync } from 'node:zlib';
import { InvSegError } from '../errors.js';
import type { Size } from './png-chunks.js';
import { wrongSize } from './png-mask.js';

export interface Matrix {
  rows: number;
  columns: number;
  /** [columns × rows], column by column. */
  values: Float64Array;
}

const HEADER_BYTES = 128;
const MATRIX = 14;
const COMPRESSED = 15;
/** Classes of numbers: double, single, int8 to uint64. */
const NUMERIC = { first: 6, last: 15 };
const COMPLEX = 0x0800;
/** The widest number. */
const NUMBER_BYTES = 8;
/** Inflated beside the numbers of the matrix: names, dimensions, small variables in front of it. */
const MARGIN_BYTES = 2 ** 20;

/** Types of stored numbers: bytes each, and how one is read. */
const storage: Readonly<Record<number, [number, (view: DataView, at: number, little: boolean) => number]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
};

/** Of a matrix: flags, dimensions, name, numbers. */
const PARTS = 4;
/** Of variables that are not the one asked for, in a message. */
const MAX_NAMES = 10;
/** MATLAB's own limit is 63. */
const MAX_NAME_BYTES = 256;

interface Element {
  type: number;
  data: Uint8Array;
}

/**
 * @param file for messages
 * @param variable name of the matrix
 * @param expected size of the picture; it bounds what is inflated, and another size is refused before a number is read
 * @throws {InvSegError} `MASK_INVALID`: another format, truncated or damaged, no such variable, another kind of value,
 * another size
 */
export function readMatrix(bytes: Uint8Array, file: string, variable: string, expected: Size): Matrix {
  try {
    const budget = { bytes: expected.width * expected.height * NUMBER_BYTES + MARGIN_BYTES };
    const { sides, numbers, little } = findMatrix(bytes, variable, budget);
    const [rows, columns] = sides;
    if (columns !== expected.width || rows !== expected.height)
      throw wrongSize(file, { width: columns, height: rows }, expected);
    const values = read(numbers, little, rows * columns);
    if (values.length !== rows * columns)
      throw new RangeError(`${variable} is ${rows}×${columns} but has ${values.length} numbers`);
    return { rows, columns, values };
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    if (cause instanceof Unfit) throw new InvSegError('MASK_INVALID', `${file}: ${cause.message}`);
    throw new InvSegError('MASK_INVALID', `${file}: it is truncated or damaged (${(cause as Error).message})`, {
      cause,
    });
  }
}

/** What is wrong with a file that is otherwise whole. */
class Unfit extends Error {}

/** A matrix whose numbers are not read yet. */
interface Found {
  sides: [number, number];
  numbers: Element;
  little: boolean;
}

/** What may still be inflated. */
interface Budget {
  bytes: number;
}

function findMatrix(bytes: Uint8Array, variable: string, budget: Budget): Found {
  const order = String.fromCharCode(bytes[126] ?? 0, bytes[127] ?? 0);
  if (bytes.length < HEADER_BYTES || (order !== 'IM' && order !== 'MI')) {
    const newer = new TextDecoder('latin1').decode(bytes.subarray(0, 10)) === 'MATLAB 7.3';
    throw new Unfit(`it is not a MATLAB 5 file${newer ? ' but one of version 7.3; save it with -v7' : ''}`);
  }
  const little = order === 'IM';
  const names: string[] = [];
  for (const element of elements(bytes.subarray(HEADER_BYTES), little)) {
    const { type, data } = element.type === COMPRESSED ? inflated(element.data, little, budget) : element;
    if (type !== MATRIX) continue;
    const parts = take(elements(data, little), PARTS);
    const name = new TextDecoder().decode(parts[2]?.data.subarray(0, MAX_NAME_BYTES));
    if (name === variable) return toFound(parts, name, little);
    if (names.length < MAX_NAMES) names.push(name);
  }
  throw new Unfit(`there is no variable ${variable}; there is ${names.join(', ') || 'none'}`);
}

/** The element within a compressed one; unlike others it is not padded, nor need it be. */
function inflated(data: Uint8Array, little: boolean, budget: Budget): Element {
  if (budget.bytes < 1) throw new RangeError('its variables hold more than a label map of the image has');
  const content = inflateSync(data, { maxOutputLength: budget.bytes });
  budget.bytes -= content.length;
  const [element] = take(elements(content, little), 1);
  return element ?? { type: 0, data };
}

function take<T>(items: Iterable<T>, most: number): T[] {
  const taken: T[] = [];
  for (const item of items) if (taken.push(item) >= most) break;
  return taken;
}

function* elements(bytes: Uint8Array, little: boolean): Generator<Element> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const word = view.getUint32(at, little);
    const small = word >>> 16;
    const type = small === 0 ? word : word & 0xffff;
    const length = small === 0 ? view.getUint32(at + 4, little) : small;
    const start = small === 0 ? at + 8 : at + 4;
    if (start + length > bytes.length)
      throw new RangeError(`an element ends ${start + length - bytes.length} bytes past its end`);
    yield { type, data: bytes.subarray(start, start + length) };
    const padded = type === COMPRESSED ? length : Math.ceil(length / 8) * 8;
    at = small === 0 ? start + padded : at + 8;
  }
}

function toFound([flags, dimensions, , numbers]: Element[], name: string, little: boolean): Found {
  if (!flags || !dimensions || !numbers) throw new RangeError(`${name} has no numbers`);
  const flag = read(flags, little, 1)[0]!;
  const kind = flag & 0xff;
  if (kind < NUMERIC.first || kind > NUMERIC.last || (flag & COMPLEX) !== 0)
    throw new Unfit(`${name} is not a matrix of real numbers`);
  const count = Math.floor(dimensions.data.length / 4);
  if (count !== 2) throw new Unfit(`${name} has ${count} dimensions; expected 2`);
  const [rows, columns] = read(dimensions, little, count);
  return { sides: [rows!, columns!], numbers, little };
}

/** At most one number more than `most`: enough to tell that there are too many. */
function read({ type, data }: Element, little: boolean, most: number): Float64Array {
  const [bytes, get] = storage[type] ?? [];
  if (bytes === undefined || get === undefined) throw new Unfit(`numbers of the type ${type} are not read`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float64Array(Math.min(Math.floor(data.length / bytes), most + 1));
  for (let i = 0; i < values.length; i++) values[i] = get(view, i * bytes, little);
  return values;
}
