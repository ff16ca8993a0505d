/** A MATLAB 5 file with one matrix. */
import { deflateSync } from 'node:zlib';

const [UINT8, UINT16, INT32, UINT32, DOUBLE, MATRIX, COMPRESSED] = [2, 4, 5, 6, 9, 14, 15];
const CLASSES = { double: 6, uint8: 9, uint16: 11 };

/**
 * @param values [rows × columns], row by row
 * @param big big endian
 * @param kind MATLAB's class of the matrix
 * @param stored type of the numbers in the file; MATLAB takes the smallest that holds them, whatever the class
 */
export function matlabFile(
  name,
  values,
  rows,
  columns,
  { big = false, compressed = true, kind = 'double', stored = 'uint16' } = {},
) {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, Platform: GLNXA64');
  header.fill(0, 116, 124);
  header.write(big ? '\x01\x00MI' : '\x00\x01IM', 124, 'latin1');

  const number = (type, size) => (list) => {
    const data = Buffer.alloc(list.length * size);
    const view = new DataView(data.buffer, data.byteOffset);
    const set = {
      [UINT8]: 'setUint8',
      [UINT16]: 'setUint16',
      [INT32]: 'setInt32',
      [UINT32]: 'setUint32',
      [DOUBLE]: 'setFloat64',
    }[type];
    list.forEach((value, i) => view[set](i * size, value, !big));
    return element(type, data);
  };
  const words = (...list) => {
    const data = Buffer.alloc(4 * list.length);
    list.forEach((word, i) => (big ? data.writeUInt32BE(word, 4 * i) : data.writeUInt32LE(word, 4 * i)));
    return data;
  };
  const element = (type, data) => {
    if (data.length > 0 && data.length <= 4)
      return Buffer.concat([words(data.length * 65536 + type), data, Buffer.alloc(4 - data.length)]);
    return Buffer.concat([words(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  };

  const columnwise = Array.from(
    { length: rows * columns },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)],
  );
  const write = { uint8: number(UINT8, 1), uint16: number(UINT16, 2), double: number(DOUBLE, 8) }[stored];
  const matrix = element(
    MATRIX,
    Buffer.concat([
      number(UINT32, 4)([CLASSES[kind], 0]),
      number(INT32, 4)([rows, columns]),
      element(1, Buffer.from(name)),
      write(columnwise),
    ]),
  );
  if (!compressed) return Buffer.concat([header, matrix]);
  const packed = deflateSync(matrix);
  return Buffer.concat([header, words(COMPRESSED, packed.length), packed]);
}
