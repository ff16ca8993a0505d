import { describe, expect, it } from 'vitest';
import { readMatrix } from '../../lib/datasets/matlab.js';
import type { MatlabOptions } from '../../scripts/datasets/fixtures-matlab.mjs';
import { matlabFile } from '../../scripts/datasets/fixtures-matlab.mjs';

const values = [0, 1, 2, 459, 5, 6];
const size = { width: 3, height: 2 };
const file = (options: MatlabOptions = {}, name = 'LabelMap') => matlabFile(name, values, 2, 3, options);

describe('reads', () => {
  const cases: MatlabOptions[] = [true, false].flatMap((compressed) =>
    [true, false].flatMap(
      (big) =>
        [
          { compressed, big, kind: 'double', stored: 'uint16' },
          { compressed, big, kind: 'double', stored: 'double' },
          { compressed, big, kind: 'uint16', stored: 'uint16' },
        ] satisfies MatlabOptions[],
    ),
  );
  it.each(cases)('%o', (options) => {
    const { rows, columns, values: found } = readMatrix(file(options), 'a.mat', 'LabelMap', size);
    expect([rows, columns]).toEqual([2, 3]);
    expect([...found]).toEqual([0, 459, 1, 5, 2, 6]); // column by column
  });
  it('numbers that share their header, and a name of any length', () => {
    expect([
      ...readMatrix(matlabFile('M', [1, 2], 1, 2, { stored: 'uint16' }), 'a.mat', 'M', { width: 2, height: 1 }).values,
    ]).toEqual([1, 2]);
    expect([
      ...readMatrix(matlabFile('abcdefgh', [7], 1, 1), 'a.mat', 'abcdefgh', { width: 1, height: 1 }).values,
    ]).toEqual([7]);
  });
  it.each([true, false])('the variable asked for among several, compressed: %s', (compressed) => {
    const others = Array.from({ length: 8 }, (_, i) =>
      matlabFile(`v${i}`, values.slice(i % 5), 1, 6 - (i % 5), { compressed }).subarray(128),
    );
    const found = readMatrix(
      Buffer.concat([file({ compressed }, 'First'), ...others, file({ compressed }).subarray(128)]),
      'a.mat',
      'LabelMap',
      size,
    );
    expect([found.rows, found.columns, found.values[1]]).toEqual([2, 3, 459]);
  });
  it('bytes in the middle of a larger buffer', () => {
    const inner = Buffer.concat([Buffer.alloc(3), file()]).subarray(3);
    expect(readMatrix(inner, 'a.mat', 'LabelMap', size).values).toHaveLength(6);
  });
});

describe('refuses', () => {
  const refused = (bytes: Uint8Array, message: RegExp, expected = size) =>
    expect(() => readMatrix(bytes, 'a.mat', 'LabelMap', expected)).toThrow(
      expect.objectContaining({ code: 'MASK_INVALID', message: expect.stringMatching(message) }),
    );
  it('another variable', () => refused(file({}, 'Other'), /a\.mat: there is no variable LabelMap; there is Other/));
  it('an empty file', () => refused(Buffer.alloc(0), /not a MATLAB 5 file/));
  it('another format', () => refused(Buffer.alloc(500, 'x'), /not a MATLAB 5 file/));
  it('version 7.3', () => {
    const hdf = Buffer.alloc(512);
    hdf.write('MATLAB 7.3 MAT-file');
    refused(hdf, /version 7\.3; save it with -v7/);
  });
  it.each([true, false])('a truncated file, compressed: %s', (compressed) => {
    const whole = file({ compressed });
    for (const length of [140, 150, 170, whole.length - 6])
      refused(whole.subarray(0, length), /truncated or damaged|no variable/);
  });
  it('complex numbers and cells', () => {
    const plain = file({ compressed: false });
    const at = 128 + 8 + 8; // header, matrix, flags
    for (const flags of [0x0806, 1]) {
      const bytes = Buffer.from(plain);
      bytes.writeUInt32LE(flags, at);
      refused(bytes, /not a matrix of real numbers/);
    }
  });
  it('a matrix with fewer numbers than its sides say', () => {
    const bytes = file({ compressed: false });
    bytes.writeInt32LE(9, 128 + 8 + 16 + 8);
    refused(bytes, /9×3 but has 6 numbers/, { width: 3, height: 9 });
  });
  it('another size than the picture, before a number is read', () => {
    refused(file(), /the mask is 3×2, its image 2×3/, { width: 2, height: 3 });
  });
  it('numbers that inflate to more than a label map of the picture has', () => {
    // A zero, 2²⁸ times, in 260 KB.
    const bomb = matlabFile('LabelMap', new Uint8Array(2 ** 24), 4096, 4096, { compressed: true, stored: 'double' });
    expect(bomb.length).toBeLessThan(2 ** 20);
    refused(bomb, /truncated or damaged .*larger than/);
  });
  it('many small variables that inflate to more than that together', () => {
    const one = matlabFile('Other', new Uint8Array(2 ** 16), 256, 256, { compressed: true, stored: 'double' });
    const many = Array.from({ length: 9 }, () => one.subarray(128));
    refused(Buffer.concat([one, ...many]), /truncated or damaged/);
  });
  it('dimensions and flags that are megabytes long', () => {
    const bytes = Buffer.alloc(128 + 8 + 16 + 8 + 2 ** 20);
    file({ compressed: false }).copy(bytes, 0, 0, 152);
    bytes.writeUInt32LE(bytes.length - 136, 132);
    bytes.writeUInt32LE(5, 152);
    bytes.writeUInt32LE(2 ** 20, 156);
    refused(bytes, /no variable|has no numbers|dimensions/);
  });
});
