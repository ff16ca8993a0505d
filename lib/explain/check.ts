/** What `explain` is given, before anything runs. What goes on to `segment` is checked there. */
import { typedArray } from '../arrays.js';
import { oneOf, record, refuse } from '../checks/index.js';
import { paletteNames } from '../draw/index.js';
import { methodNames } from '../options/index.js';
import type { ExplainOptions } from './types.js';

const method = oneOf(...methodNames);
const paletteName = oneOf(...paletteNames);

/** @throws {InvSegError} `INVALID_OPTION` */
export function checkExplainOptions(options: unknown): asserts options is ExplainOptions {
  const { methods, maskNames, points, onProgress, palette } = record(options, 'options', 'an object with categories');
  if (methods !== undefined)
    list(methods, 'methods', `a list of ${methodNames.join(', ')}`).forEach((name, i) =>
      method.read(name, `methods[${i}]`),
    );
  if (palette !== undefined) paletteName.read(palette, 'palette');
  if (onProgress !== undefined && typeof onProgress !== 'function') refuse('onProgress', 'a function', onProgress);
  if (points !== undefined)
    list(points, 'points', 'a list of [x, y]').forEach((point, i) => checkPair(point, `points[${i}]`));
  if (maskNames !== undefined)
    list(maskNames, 'maskNames', 'a list of names').forEach((names, i) => checkNames(names, `maskNames[${i}]`));
}

/** @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH` */
export function checkMask(mask: unknown, width: number, height: number): Uint8Array {
  return typedArray('Uint8Array', mask, 'mask', width * height, `[${height} × ${width}]`);
}

function list(value: unknown, name: string, expects: string): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : refuse(name, expects, value);
}

function checkPair(point: unknown, name: string): void {
  const pair = Array.isArray(point) && point.length === 2 && point.every((value) => typeof value === 'number');
  if (!pair) refuse(name, '[x, y], two numbers,', point);
}

function checkNames(names: unknown, name: string): void {
  const text = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';
  const several = Array.isArray(names) && names.length > 0 && names.every(text);
  if (!text(names) && !several) refuse(name, 'a name or a list of names', names);
}
