import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { parseCategories } from '../../lib/text/names.js';
import { buildPrompts, type PromptOptions } from '../../lib/text/prompt.js';
import type { ClipTokenizer } from '../../lib/text/tokenizer.js';
import { loadClip } from './clip-fixture.js';

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await loadClip();
});

const spansOf = (built: { spans: Int32Array }): number[][] =>
  Array.from({ length: built.spans.length / 3 }, (_, i) => [...built.spans.subarray(i * 3, i * 3 + 3)]);

describe('one prompt', () => {
  it('is the names and the background, between start and end, padded', () => {
    const built = buildPrompts(tokenizer, ['cat', 'potted plant', 'background']);
    expect(built.prompts).toHaveLength(1);
    expect(built.prompts[0]!.text).toBe('cat potted plant background');
    expect([...built.ids]).toEqual([49406, 2368, 48581, 3912, 5994, 49407, ...new Array<number>(71).fill(0)]);
    expect(built.prompts[0]!.ids).toEqual(built.ids);
    expect(spansOf(built)).toEqual([
      [0, 1, 1],
      [0, 2, 2],
      [0, 4, 1],
    ]);
    expect(built.tokens).toEqual([['cat</w>'], ['potted</w>', 'plant</w>'], ['background</w>']]);
  });

  const options: [PromptOptions, string, number[][]][] = [
    [
      { template: 'a photo of {}' },
      'a photo of cat tv/monitor',
      [
        [0, 4, 1],
        [0, 5, 3],
      ],
    ],
    [
      { template: 'a photo of {}.' },
      'a photo of cat tv/monitor.',
      [
        [0, 4, 1],
        [0, 5, 3],
      ],
    ],
    [
      { separator: ' and ' },
      'cat and tv/monitor',
      [
        [0, 1, 1],
        [0, 3, 3],
      ],
    ],
    [
      { separator: ', ' },
      'cat, tv/monitor',
      [
        [0, 1, 1],
        [0, 3, 3],
      ],
    ],
    [
      { separator: '/' },
      'cat/tv/monitor',
      [
        [0, 1, 1],
        [0, 3, 3],
      ],
    ],
    [
      { separator: '\t \n' },
      'cat\t \ntv/monitor',
      [
        [0, 1, 1],
        [0, 2, 3],
      ],
    ],
    [
      { template: '  {}  ' },
      '  cat tv/monitor  ',
      [
        [0, 1, 1],
        [0, 2, 3],
      ],
    ],
  ];
  it.each(options)('%j', (given, text, spans) => {
    const built = buildPrompts(tokenizer, ['cat', 'tv/monitor'], given);
    expect(built.prompts[0]!.text).toBe(text);
    expect(spansOf(built)).toEqual(spans);
    const ids = tokenizer.encode(text);
    expect([...built.ids.subarray(1, ids.length + 2)]).toEqual([...ids, 49407]);
  });

  it('punctuation that meets the separator stays one sub-token of its name', () => {
    const built = buildPrompts(tokenizer, ['hello!', 'cat'], { separator: ', ' });
    expect(built.tokens).toEqual([['hello</w>', '!,</w>'], ['cat</w>']]);
    expect(spansOf(built)).toEqual([
      [0, 1, 2],
      [0, 3, 1],
    ]);
  });

  it('capitals that change length do not move the spans', () => {
    const built = buildPrompts(tokenizer, ['İstanbul', 'ΟΔΟΣ', 'cat']);
    expect(built.tokens.at(-1)).toEqual(['cat</w>']);
  });
});

describe('more sub-tokens than a prompt holds', () => {
  it('go on in another prompt; order kept, no name split or dropped', () => {
    const names = Array.from({ length: 60 }, (_, i) => `potted plant ${'x'.repeat((i % 3) + 1)}`);
    const categories = [...names, 'background'];
    const built = buildPrompts(tokenizer, categories);
    expect(built.prompts.length).toBeGreaterThan(2);
    expect(built.ids).toHaveLength(built.prompts.length * 77);
    expect(built.prompts.map((prompt) => prompt.text).join(' ')).toBe(categories.join(' '));
    spansOf(built).forEach(([prompt, first, count], i) => {
      const begin = prompt! * 77 + first!;
      expect([...built.ids.subarray(begin, begin + count!)]).toEqual(tokenizer.encode(categories[i]!));
      expect(first! + count!).toBeLessThanOrEqual(76);
    });
  });

  it('exactly K − 2 fit', () => {
    const cats = (n: number): string => new Array(n).fill('cat').join(' ');
    expect(buildPrompts(tokenizer, [cats(74), 'background']).prompts).toHaveLength(1);
    const built = buildPrompts(tokenizer, [cats(75), 'background']);
    expect(spansOf(built)).toEqual([
      [0, 1, 75],
      [1, 1, 1],
    ]);
    expect(built.ids[76]).toBe(49407);
    expect(built.prompts.map((prompt) => prompt.ids.length)).toEqual([77, 77]);
  });

  it('the template stands in every prompt', () => {
    const names = Array.from({ length: 50 }, () => 'cat dog');
    const built = buildPrompts(tokenizer, names, { template: 'a photo of {}' });
    expect(built.prompts.every((prompt) => prompt.text.startsWith('a photo of cat'))).toBe(true);
  });
});

describe('refused', () => {
  const long = new Array(76).fill('cat').join(' ');
  const cases: [string, string[], PromptOptions, string, RegExp][] = [
    [
      'a name of 76 sub-tokens',
      ['dog', long],
      {},
      'NAME_TOO_LONG',
      /^Category "cat cat.*\.\.\." has 76 sub-tokens; a prompt of 77 positions holds 75$/,
    ],
    [
      'a name too long with its template',
      [long.slice(4)],
      { template: 'a photo of {}' },
      'NAME_TOO_LONG',
      /75 sub-tokens, with the template's 78;/,
    ],
    [
      'a template that is full',
      ['cat'],
      { template: `${long} {}` },
      'INVALID_OPTION',
      /template that leaves room.*fills 76 of 75/,
    ],
    [
      'a template without a place',
      ['cat'],
      { template: 'a photo' },
      'INVALID_OPTION',
      /\{\} once in template but received "a photo"/,
    ],
    ['a template with two places', ['cat'], { template: '{} {}' }, 'INVALID_OPTION', /\{\} once in template/],
    ['another place', ['cat'], { template: 'a {categories}' }, 'INVALID_OPTION', /\{\} once in template/],
    [
      'a special token in a name',
      ['a<|endoftext|>'],
      {},
      'INVALID_CATEGORIES',
      /"a<\|endoftext\|>" has the special token/,
    ],
    ['a special token in the template', ['cat'], { template: '<|startoftext|>{}' }, 'INVALID_OPTION', /for template/],
    ['an empty separator', ['cat', 'fish'], { separator: '' }, 'INVALID_OPTION', /separator "" .* join category "cat"/],
    [
      'an accent that joins the template',
      ['\u0301x'],
      { template: 'e{}' },
      'INVALID_OPTION',
      /join category "\u0301x"/,
    ],
  ];
  it.each(cases)('%s', (_, names, options, code, message) => {
    let error: unknown;
    try {
      buildPrompts(tokenizer, names, options);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code });
    expect((error as InvSegError).message.split('\n')[0]).toMatch(message);
  });
});

it('255 names take milliseconds', () => {
  const names = parseCategories(Array.from({ length: 254 }, (_, i) => `potted plant number ${i}`));
  const built = buildPrompts(tokenizer, names);
  expect(spansOf(built)).toHaveLength(255);
});

it('every list that passes parseCategories gives spans whose ids are the name, or an error that names it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { minLength: 1, maxLength: 12 }), (raw) => {
      try {
        const names = parseCategories(raw);
        const built = buildPrompts(tokenizer, names);
        spansOf(built).forEach(([prompt, first, count], i) => {
          const row = built.prompts[prompt!]!.ids;
          expect([...row.subarray(first, first! + count!)]).toEqual(tokenizer.encode(names[i]!));
        });
      } catch (error) {
        expect(error).toBeInstanceOf(InvSegError);
      }
    }),
    { numRuns: 200 },
  );
});
