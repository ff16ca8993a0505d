/** Names that a model was not taught. */
import { describe, expect, it } from 'vitest';
import { defaults } from '../../lib/options/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import type { SegmentOptions } from '../../lib/segmenter/types.js';
import { unknownNames, unknownNamesWarning } from '../../lib/segmenter/unknown-names.js';
import { FakeEngine, fakeParts, picture } from './fake.js';

const known = ['cat', 'dining table', 'background'];
const rule = (name: 'word' | 'threshold') => ({ background: { ...defaults.background, rule: name } });
const word = rule('word');

describe('names that the model was not taught', () => {
  it('are compared as the tokenizer reads them', () => {
    expect(unknownNames({ names: known }, ['Cat', 'dining  TABLE', 'background'], word)).toEqual([]);
    expect(unknownNames({ names: known }, ['cats', 'table', 'background'], word)).toEqual(['cats', 'table']);
  });

  it('are none where the model does not say what it knows', () => {
    expect(unknownNames({ names: [] }, ['unicorn'], word)).toEqual([]);
    expect(unknownNames({}, ['unicorn'], word)).toEqual([]);
  });

  it('include the background only where the model is told its name', () => {
    expect(unknownNames({ names: known }, ['cat', 'all the rest'], word)).toEqual(['all the rest']);
    expect(unknownNames({ names: known }, ['cat', 'all the rest'], rule('threshold'))).toEqual([]);
  });

  it('are told in one line, however many', () => {
    const model = { name: 'tiny', names: Array.from({ length: 30 }, (_, i) => `name ${i}`) };
    expect(unknownNamesWarning(model, ['unicorn'])).toBe(
      `The model tiny was not taught a name that you gave: "unicorn"; its mask means nothing. It knows ${model.names.slice(0, 20).join(', ')} and 10 other names`,
    );
    const many = unknownNamesWarning(
      model,
      Array.from({ length: 25 }, (_, i) => `beast ${i}`),
    );
    expect(many).toContain('"beast 19" and 5 more; their masks mean nothing');
    expect(many).not.toContain('\n');
  });
});

describe('a result', () => {
  const open = (names?: string[]) => {
    const parts = fakeParts(new FakeEngine());
    return Segmenter.of({ ...parts, model: { ...parts.model, ...(names && { names }) } });
  };
  const options = (categories: string[]): SegmentOptions => ({ categories, steps: 0 });

  it('says which names the model was not taught, in one warning', async () => {
    const { unknownNames: unknown, warnings } = await open(known).segment(
      picture(),
      options(['unicorn', 'cat', 'laptop']),
    );
    expect(unknown).toEqual(['unicorn', 'laptop']);
    expect(warnings).toEqual([expect.stringContaining('"unicorn", "laptop"; their masks mean nothing')]);
  });

  it('says nothing where all are known, or where that is not known', async () => {
    for (const names of [known, undefined]) {
      const result = await open(names).segment(picture(), options(['cat']));
      expect(result.warnings).toEqual([]);
      expect(result).not.toHaveProperty('unknownNames');
    }
  });
});
