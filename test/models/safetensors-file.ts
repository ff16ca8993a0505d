/** Hand-made safetensors files. */

import { writeFile } from 'node:fs/promises';

export interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Any header, any number of data bytes. */
export function makeSafetensors(header: string | object, dataBytes: number): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

/** A right file with zeros: name → shape, all of one dtype. */
export function makeTensors(
  shapes: Record<string, number[]>,
  dtype = 'F16',
  metadata?: Record<string, string>,
): Buffer {
  const size: Record<string, number> = { F16: 2, BF16: 2, F32: 4, F64: 8, I64: 8 };
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const begin = end;
    end += shape.reduce((product, n) => product * n, size[dtype]!);
    header[name] = { dtype, shape, data_offsets: [begin, end] } satisfies Entry;
  }
  return makeSafetensors(header, end);
}

export async function writeTensors(file: string, shapes: Record<string, number[]>, dtype?: string): Promise<void> {
  await writeFile(file, makeTensors(shapes, dtype));
}
