/** Values from outside stand in errors: whatever they are, the error is ours. */
import { describe, expect, it } from 'vitest';
import { show } from '../../lib/checks/rules.js';
import { rejectUnknown } from '../../lib/checks/unknown.js';
import { InvSegError } from '../../lib/errors.js';
import { decodeImage } from '../../lib/image/decode.js';
import { resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { labelsAt } from '../../lib/segmenter/strengths.js';
import { parseCategories } from '../../lib/text/names.js';

const any = <T>(value: unknown): T => value as T;

describe('values that cannot become text', () => {
  // What JSON can hold: such an object has no primitive value.
  const odd: unknown = JSON.parse('{"toString":null,"valueOf":null,"constructor":{"name":{"toString":null}}}');
  const bare: unknown = Object.create(null);

  it.each([
    ['options', () => resolveOptions(any({ steps: odd }))],
    ['options of an engine', () => resolveEngineOptions(any({ device: bare }))],
    ['a list that should be an object', () => rejectUnknown(any(Symbol('x')), ['a'])],
    ['categories', () => parseCategories([odd], 'background')],
    [
      'a threshold',
      () => labelsAt({ foreground: new Uint8Array(1), strength: new Float32Array(1), background: 1 }, any(odd)),
    ],
  ])('are named in the error all the same: %s', (_, call) => {
    expect(call).toThrow(InvSegError);
  });

  it('and so are those of a raw picture', async () => {
    for (const value of [odd, bare]) {
      const raw = { data: new Uint8Array(3), width: 1, height: 1 };
      await expect(decodeImage(any({ ...raw, width: value }))).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
      await expect(decodeImage(any({ ...raw, channels: value }))).rejects.toMatchObject({ code: 'IMAGE_INVALID' });
    }
  });

  it('a typed array is told by its type, not by its keys', () => {
    expect(show(new Float64Array(1e6))).toBe('a Float64Array of 8000000 bytes');
  });
});
