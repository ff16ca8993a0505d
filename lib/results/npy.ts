/** NumPy's `.npy`, version 1.0: a magic, a header that Python can evaluate, and the numbers as they lie in memory. */
import { endianness } from 'node:os';

/** @param data row-major values of an array of this shape; `numpy.load` gives back a float32 array */
export function encodeNpy(data: Float32Array, shape: readonly number[]): Buffer {
  const order = endianness() === 'LE' ? '<' : '>';
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${order}f4', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const prefix = 10;
  // The numbers begin at a multiple of 64, so that a reader can map the file.
  const length = Math.ceil((prefix + header.length + 1) / 64) * 64;
  const head = Buffer.alloc(length, ' ');
  head.write('\x93NUMPY\x01\x00', 0, 'latin1');
  head.writeUInt16LE(length - prefix, 8);
  head.write(header, prefix, 'latin1');
  head.write('\n', length - 1, 'latin1');
  return Buffer.concat([head, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
