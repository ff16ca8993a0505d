/** Weights of any size with random values, written as safetensors a few megabytes at a time. */
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';
import { InvSegError } from '../errors.js';
import { Random } from '../random.js';
import { readStart } from '../system/index.js';

/** Parameter → shape, in the order of the file. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** Values drawn; a tensor goes on where the one before ended. A prime: no row of a matrix begins where another does. */
const DRAWN = 1_048_573;
/** Bytes of a value: bfloat16, which has the range of float32. */
const BYTES = 2;
/** Larger queries and keys, so that attention is not flat. */
const ATTENTION_GAIN = 2.5;
const ATTENTION = /\.(to_q|to_k|q_proj|k_proj)\.(weight|bias)$/;
const EMBEDDING = /_embedding\.weight$/;

/** Bytes of the file's data. */
export function weightBytes(shapes: Shapes): number {
  return Object.values(shapes).reduce((sum, shape) => sum + BYTES * elements(shape), 0);
}

/** Whether `file` is what `writeRandomWeights` wrote, by its size and its header: the values are not read. */
export async function areRandomWeights(file: string, shapes: Shapes): Promise<boolean> {
  const expected = header(shapes);
  const found = await stat(file);
  if (!found.isFile() || found.size !== expected.length + weightBytes(shapes)) return false;
  return (await readStart(file, expected.length)).equals(expected);
}

/**
 * Initialised as PyTorch does by default, so that activations stay of the order of 1 through hundreds of layers and float16 does not
 * overflow: weights and biases uniform in ±1/√(inputs), norms 1 and 0. One seed gives one file. A file that is there is left alone.
 *
 * @throws {InvSegError} `OUTPUT_FAILED`; `ABORTED`
 */
export async function writeRandomWeights(
  file: string,
  shapes: Shapes,
  { seed = 0, signal }: { seed?: number; signal?: AbortSignal | undefined } = {},
): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'wx');
    await handle.writev([header(shapes)]);
    const source = new Values(seed);
    for (const [name, shape] of Object.entries(shapes)) {
      for (const part of source.take(elements(shape), scaleOf(name, shapes))) {
        if (signal?.aborted) throw new InvSegError('ABORTED', 'Aborted while random weights were written');
        await handle.writev([part]);
      }
    }
  } catch (cause) {
    if (cause instanceof InvSegError) throw cause;
    throw new InvSegError('OUTPUT_FAILED', `Cannot write ${file}: ${(cause as Error).message}`, { cause });
  } finally {
    await handle?.close();
  }
}

const elements = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Length, JSON, spaces up to a multiple of eight. */
function header(shapes: Shapes): Buffer {
  let at = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const begin = at;
    at += BYTES * elements(shape);
    return [name, { dtype: 'BF16', shape, data_offsets: [begin, at] }] as const;
  });
  const json = JSON.stringify(Object.fromEntries(entries));
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text]);
}

/** Uniform in centre ± bound. */
interface Scale {
  centre: number;
  bound: number;
}

function scaleOf(name: string, shapes: Shapes): Scale {
  const owner = name.slice(0, name.lastIndexOf('.'));
  const weight = shapes[`${owner}.weight`] ?? shapes[name]!;
  if (weight.length === 1) return { centre: name.endsWith('.weight') ? 1 : 0, bound: 0.1 };
  if (EMBEDDING.test(name)) return { centre: 0, bound: Math.sqrt(3) }; // variance 1
  const gain = ATTENTION.test(name) ? ATTENTION_GAIN : 1;
  return { centre: 0, bound: gain / Math.sqrt(elements(weight.slice(1))) };
}

/** The same values again and again, each time as wide as they are asked for. */
class Values {
  readonly #drawn = new Float32Array(DRAWN);
  readonly #made = new Map<string, Uint16Array>();
  #at = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    for (let i = 0; i < DRAWN; i++) this.#drawn[i] = random.uniform(-1, 1);
  }

  *take(count: number, scale: Scale): Generator<Uint8Array> {
    const values = this.#scaled(scale);
    for (let left = count; left > 0; ) {
      const part = values.subarray(this.#at, this.#at + left);
      yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      left -= part.length;
      this.#at = (this.#at + part.length) % DRAWN;
    }
  }

  /** bfloat16 is the upper half of float32, rounded to the nearest. */
  #scaled({ centre, bound }: Scale): Uint16Array {
    const key = `${centre} ${bound}`;
    const known = this.#made.get(key);
    if (known) return known;
    const bits = new Uint32Array(this.#drawn.map((value) => centre + bound * value).buffer);
    const made = Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
    this.#made.set(key, made);
    return made;
  }
}
