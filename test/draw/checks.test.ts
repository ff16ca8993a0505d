/** What callers without types may pass: an error with a code that names the value, never one from inside. */
import { describe, expect, it } from 'vitest';
import { categoryPalette, drawHeat, drawOverlay, drawPanel, encodeLabels, vocPalette } from '../../lib/draw/index.js';
import { labelsAt } from '../../lib/segmenter/strengths.js';

const any = <T>(value: unknown): T => value as T;
const failed = (code: string, field: string) =>
  expect.objectContaining({ name: 'InvSegError', code, message: expect.stringContaining(field) });
/** As a buffer is after `postMessage(…, [buffer])`. */
function transferred<T extends Float32Array | Uint8Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

const nothing = [null, undefined, 7, 'labels', [], {}, Object.create(null)] as const;
const heat = { values: Float32Array.of(0, 1, 2, 3), side: 2, low: 0, high: 3 };
const image = () => ({ rgb: new Uint8Array(12), width: 2, height: 2 });

describe('encodeLabels', () => {
  it.each(nothing)('refuses %j for labels', (labels) => {
    expect(() => encodeLabels(any(labels), 2, 2, vocPalette())).toThrow(failed('INVALID_OPTION', 'labels'));
  });

  it.each<[string, unknown[], string, string]>([
    ['too few labels', [new Uint8Array(3), 2, 2, vocPalette()], 'SHAPE_MISMATCH', '4 values'],
    [
      'a buffer that was transferred',
      [transferred(new Uint8Array(4)), 2, 2, vocPalette()],
      'SHAPE_MISMATCH',
      'transferred',
    ],
    ['a width of 0', [new Uint8Array(0), 0, 2, vocPalette()], 'INVALID_OPTION', 'width'],
    ['half a height', [new Uint8Array(3), 2, 1.5, vocPalette()], 'INVALID_OPTION', 'height'],
    ['no palette', [new Uint8Array(4), 2, 2, null], 'INVALID_OPTION', 'palette'],
    ['a colour that is none', [new Uint8Array(4), 2, 2, [[1, 2, 300]]], 'INVALID_OPTION', 'palette[0]'],
    [
      'a label without a colour',
      [Uint8Array.of(0, 1, 2, 0), 2, 2, vocPalette().slice(0, 2)],
      'INVALID_OPTION',
      'received 2 at position 2',
    ],
  ])('refuses %s', (_, input, code, field) => {
    expect(() => (encodeLabels as (...args: unknown[]) => unknown)(...input)).toThrow(failed(code, field));
  });
});

describe('drawHeat', () => {
  it.each(nothing)('refuses %j for all', (value) => {
    expect(() => drawHeat(any(value), { width: 2, height: 2 })).toThrow(failed('INVALID_OPTION', 'heat'));
    expect(() => drawHeat(heat, any(value))).toThrow(failed('INVALID_OPTION', 'size'));
  });

  it.each<[string, object, string, string]>([
    ['too few values', { side: 3 }, 'SHAPE_MISMATCH', 'heat.values'],
    ['a buffer that was transferred', { values: transferred(new Float32Array(4)) }, 'SHAPE_MISMATCH', 'transferred'],
    ['values of another type', { values: [0, 1, 2, 3] }, 'INVALID_OPTION', 'heat.values'],
    [
      'a number that no colour stands for',
      { values: Float32Array.of(0, NaN, 0, 0) },
      'NOT_FINITE',
      'NaN at position 1',
    ],
    ['an end that is none', { high: NaN }, 'INVALID_OPTION', 'heat.high'],
  ])('refuses %s', (_, over, code, field) => {
    expect(() => drawHeat({ ...heat, ...over }, { width: 2, height: 2 })).toThrow(failed(code, field));
  });
});

describe('overlays and panels', () => {
  it.each(nothing)('refuse %j', async (value) => {
    await expect(drawOverlay(any(value))).rejects.toEqual(failed('INVALID_OPTION', ''));
    await expect(drawPanel(any(value))).rejects.toEqual(failed('INVALID_OPTION', ''));
  });

  it.each<[string, object, string, string]>([
    ['no image', { image: null }, 'INVALID_OPTION', 'image'],
    ['too few bytes', { image: { ...image(), width: 3 } }, 'SHAPE_MISMATCH', 'image.rgb'],
    ['no labels', { labels: null }, 'INVALID_OPTION', 'labels'],
    ['labels that were transferred', { labels: transferred(new Uint8Array(4)) }, 'SHAPE_MISMATCH', 'transferred'],
    ['no names', { categories: [] }, 'INVALID_OPTION', 'categories'],
    ['a name that is none', { categories: ['cat', 3] }, 'INVALID_OPTION', 'categories[1]'],
    ['a palette that is too short', { palette: [[0, 0, 0]] }, 'INVALID_OPTION', 'palette'],
  ])('refuse %s', async (_, over, code, field) => {
    const { labels, ...rest } = {
      image: image(),
      labels: new Uint8Array(4),
      categories: ['cat', 'background'],
      ...over,
    };
    await expect(drawOverlay(any({ labels, ...rest }))).rejects.toEqual(failed(code, field));
    await expect(drawPanel(any({ columns: [{ title: 'one', labels }], ...rest }))).rejects.toEqual(failed(code, field));
  });

  it('refuse a column without a title', async () => {
    const columns = [{ labels: new Uint8Array(4) }];
    await expect(drawPanel(any({ image: image(), columns, categories: ['cat'] }))).rejects.toEqual(
      failed('INVALID_OPTION', 'columns[0].title'),
    );
  });
});

it.each([0, 256, 1.5, null])('a palette for %s categories is refused', (count) => {
  expect(() => categoryPalette(any(count))).toThrow(failed('INVALID_OPTION', 'categories'));
});

describe('labelsAt', () => {
  const strengths = () => ({ foreground: Uint8Array.of(0, 1), strength: Float32Array.of(0.2, 0.8), background: 2 });

  it.each([null, undefined, 7, [], {}])('refuses %j', (value) => {
    expect(() => labelsAt(any(value), 0.5)).toThrow(failed('INVALID_OPTION', 'strengths'));
  });

  it('refuses buffers that were transferred or do not fit', () => {
    expect(() => labelsAt({ ...strengths(), strength: transferred(new Float32Array(2)) }, 0.5)).toThrow(
      failed('SHAPE_MISMATCH', 'transferred'),
    );
    expect(() => labelsAt({ ...strengths(), foreground: new Uint8Array(1) }, 0.5)).toThrow(
      failed('SHAPE_MISMATCH', 'strengths.foreground'),
    );
    expect(() => labelsAt(strengths(), NaN)).toThrow(failed('INVALID_OPTION', 'threshold'));
    expect([...labelsAt(strengths(), 0.5)]).toEqual([2, 1]);
  });
});
