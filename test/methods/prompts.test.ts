/** Names → prompts of each method: layouts, words of the background, captions. */
import { beforeAll, describe, expect, it } from 'vitest';
import { methods, wordFactors } from '../../lib/methods/index.js';
import { openBundle } from '../../lib/models/index.js';
import type { MethodOverrides } from '../../lib/options/index.js';
import { resolveOptions } from '../../lib/options/index.js';
import type { PromptSet } from '../../lib/text/prompt-set.js';
import { planPrompts } from '../../lib/text/prompt-set.js';
import { ClipTokenizer } from '../../lib/text/tokenizer.js';

let tokenizer: ClipTokenizer;

beforeAll(async () => {
  const { manifest, tokenizerFolder, vocabulary } = await openBundle(undefined);
  const { folder: _, ...ids } = manifest.tokenizer;
  tokenizer = await ClipTokenizer.load(tokenizerFolder, { ...ids, vocabulary });
});

function plan(categories: unknown, overrides: MethodOverrides): PromptSet {
  const options = resolveOptions(overrides);
  const { prompts: layout, needsNames } = methods[options.method];
  return planPrompts(tokenizer, categories, { ...options.prompt, background: options.background, layout, needsNames });
}

/** The sub-tokens of span i, as ids. */
const spoken = ({ ids, length, spans }: PromptSet, i: number) => {
  const begin = spans[3 * i]! * length + spans[3 * i + 1]!;
  return [...ids.subarray(begin, begin + spans[3 * i + 2]!)];
};

const same = (a: PromptSet, i: number, b: PromptSet, j: number) => expect(spoken(a, i)).toEqual(spoken(b, j));

describe('prompts', () => {
  it('the paper joins the names, the background last', () => {
    const { texts, categories, groups, count } = plan(['cat', 'potted plant'], {});
    expect({ texts, categories, groups: [...groups], count }).toEqual({
      texts: ['cat potted plant background'],
      categories: ['cat', 'potted plant', 'background'],
      groups: [0, 1, 2],
      count: 1,
    });
  });

  it('diffsegmenter has one a name, and none for a background that is a threshold', () => {
    const set = plan('cat, potted plant', { method: 'diffsegmenter' });
    expect(set.texts).toEqual(['a photograph of cat', 'a photograph of potted plant']);
    expect([...set.groups]).toEqual([0, 1]);
    expect([set.spans[0], set.spans[3]]).toEqual([0, 1]);
    expect(set.categories.at(-1)).toBe('background');
    expect(set.warnings).toEqual([]); // two prompts are meant
    same(set, 1, plan(['potted plant'], {}), 0);
  });

  it('diffsegmenter with the word has a prompt for the background too', () => {
    const { texts, groups } = plan('cat', { method: 'diffsegmenter', background: { rule: 'word' } });
    expect(texts).toEqual(['a photograph of cat', 'a photograph of background']);
    expect([...groups]).toEqual([0, 1]);
  });

  it.each([
    ['on a sofa', 'a photograph of cat on a sofa'],
    ['  A photograph of cat on a sofa', 'a photograph of cat on a sofa'],
    [{ cat: 'on a {} sofa' }, 'a photograph of cat on a sofa'],
    [{ dog: 'on a sofa' }, 'a photograph of cat'],
  ])('caption %j', (caption, text) => {
    expect(plan('cat', { method: 'diffsegmenter', prompt: { caption } }).texts).toEqual([text]);
  });

  it('a caption that is too long loses its end, never the name', () => {
    const set = plan('cat', { method: 'diffsegmenter', prompt: { caption: 'on a sofa '.repeat(100) } });
    expect(set.texts[0]).toMatch(/^a photograph of cat on a sofa .*(on|a|sofa)$/);
    same(set, 0, plan('cat', {}), 0);
  });

  it('iseg puts as many words of the background behind the sentence as leave it one', () => {
    const { texts, count, groups } = plan('cat, dog', { method: 'iseg' });
    expect(count).toBe(1);
    expect(texts[0]).toMatch(/^a photograph of cat and dog and other object and background, ground, land/);
    expect([...groups]).toEqual([0, 1]);
    expect(plan('cat, dog', { preset: 'iseg-context' }).texts).toEqual([
      'a photograph of cat and dog and other object and background',
    ]);
  });

  it('words of the background are spans of one category; one that is a category is left out', () => {
    const { groups, spans, categories } = plan('cat, sky', {
      background: { rule: 'words', words: ['grass', 'Sky', 'wall'] },
    });
    expect([...groups]).toEqual([0, 1, 2, 2]);
    expect(spans.length).toBe(4 * 3);
    expect(categories).toEqual(['cat', 'sky', 'background']);
    expect(() => plan('cat', { background: { rule: 'words' } })).toThrow(/background\.words/);
  });

  it('diffseg works without names, the others do not', () => {
    const { categories, count, ids, empty } = plan(undefined, { method: 'diffseg' });
    expect({ categories, count, ids }).toEqual({ categories: [], count: 1, ids: empty });
    expect(plan('cat', { method: 'diffseg' }).texts).toEqual(['cat background']);
    for (const method of ['invseg', 'baseline', 'diffsegmenter', 'iseg'] as const) {
      expect(() => plan(undefined, { method }), method).toThrow(/names/);
    }
  });

  it('weights stand on the names alone', () => {
    const set = plan('cat, dog', { method: 'iseg' });
    const factors = wordFactors(set, 1.6);
    expect(factors.filter((factor) => factor !== 1)).toHaveLength(set.spans[2]! + set.spans[5]!);
    expect(factors[set.spans[1]!]).toBeCloseTo(1.6);
    const word = plan('cat', { prompt: { wordWeight: 2 } });
    expect(wordFactors(word, 2)[word.spans[4]!]).toBe(1); // the background's own word
  });
});
