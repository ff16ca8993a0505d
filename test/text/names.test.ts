import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvSegError } from '../../lib/errors.js';
import { parseCategories } from '../../lib/text/names.js';

describe('accepted names', () => {
  const cases: [string, unknown, string[]][] = [
    ['one category', ['cat'], ['cat', 'background']],
    ['a comma list', 'cat, potted plant ,dog', ['cat', 'potted plant', 'dog', 'background']],
    ['a comma inside a list entry', ['lion, lying'], ['lion, lying', 'background']],
    ['trimmed, case kept', ['  Cat\t'], ['Cat', 'background']],
    ['background moves last and is not doubled', ['background', 'cat', 'dog'], ['cat', 'dog', 'background']],
    ['background in other letters', ['cat', 'Background '], ['cat', 'background']],
    ['NFC', ['cafe\u0301'], ['caf\u00e9', 'background']],
    [
      'non-Latin',
      ['猫', 'кошка', 'قطة', 'बिल्ली', '🐱', '👨‍👩‍👧'],
      ['猫', 'кошка', 'قطة', 'बिल्ली', '🐱', '👨‍👩‍👧', 'background'],
    ],
    ['names of object keys', ['constructor', '__proto__'], ['constructor', '__proto__', 'background']],
    ['1000 characters', ['a'.repeat(1000)], ['a'.repeat(1000), 'background']],
  ];
  it.each(cases)('%s', (_, input, expected) => {
    expect(parseCategories(input)).toEqual(expected);
  });

  it('another background, or none', () => {
    expect(parseCategories(['cat'], 'sky')).toEqual(['cat', 'sky']);
    // As a result has them, so that they can be given again.
    expect(parseCategories(['cat', 'sky'], 'sky')).toEqual(['cat', 'sky']);
    expect(parseCategories(['background', 'cat'], null)).toEqual(['background', 'cat']);
  });

  it('up to 254 names and the background', () => {
    expect(parseCategories(Array.from({ length: 254 }, (_, i) => `name ${i}`))).toHaveLength(255);
  });
});

describe('refused names', () => {
  const cases: [string, unknown, RegExp][] = [
    ['undefined', undefined, /^Expected a list of names.*received undefined/],
    ['null', null, /received null/],
    ['a number', 5, /received 5 of type number/],
    ['an object', { cat: 1 }, /an object of type Object/],
    ['an object without a prototype', Object.create(null), /an object of type Object/],
    ['an empty list', [], /at least one name/],
    ['an empty text', '', /at least one name/],
    ['commas only', ',', /category 1 but received an empty string/],
    ['a trailing comma', 'cat,', /category 2 but received an empty string/],
    ['an empty name', ['cat', ''], /category 2 but received an empty string/],
    ['white space', ['\u00a0 \t'], /category 1 but received white space only/],
    ['a number in the list', ['cat', 7], /category 2 but received 7 of type number/],
    ['a hole in the list', ['cat', undefined], /category 2 but received undefined/],
    ['a nested list', [['cat']], /category 1 but received a list/],
    ['1001 characters', ['a'.repeat(1001)], /at most 1000 characters for category 1 but received 1001: "aaa/],
    ['a NUL', ['ca\0t'], /category 1 but "ca\\u0000t" has U\+0000/],
    ['a line break', ['cat\ndog'], /U\+000A/],
    ['half a surrogate pair', ['cat\ud83d'], /U\+D83D/],
    ['invisible characters', ['\u200b\ufeff'], /invisible characters only/],
    ['the same twice', ['cat', 'dog', 'cat'], /categories 1 and 3 are both "cat"$/],
    ['the same in other letters', ['Cat', 'cat '], /categories 1 and 2 are both "cat" \(written "Cat" and "cat "\)/],
    ['the same in another form', ['caf\u00e9', 'cafe\u0301'], /categories 1 and 2/],
    ['the same but for spaces', ['potted plant', 'potted  plant'], /categories 1 and 2/],
    ['the background twice', ['cat', 'background', 'Background'], /categories 2 and 3/],
    ['the background only', ['background'], /besides "background"/],
  ];
  it.each(cases)('%s', (_, input, message) => {
    let error: unknown;
    try {
      parseCategories(input);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(InvSegError);
    expect((error as InvSegError).code).toBe('INVALID_CATEGORIES');
    expect((error as InvSegError).message.split('\n')[0]).toMatch(message);
    expect((error as InvSegError).message.length).toBeLessThan(300);
  });

  it('a category that is called like the background', () => {
    expect(() => parseCategories('Cat,bus', 'cat')).toThrow(
      expect.objectContaining({
        code: 'INVALID_CATEGORIES',
        message:
          'Expected a background (background.name) that is none of the categories but both are "Cat"; rename one, or ' +
          'name the background last',
      }),
    );
  });

  it('too many, in milliseconds', () => {
    const names = Array.from({ length: 255 }, (_, i) => `name ${i}`);
    expect(() => parseCategories(names)).toThrow(
      expect.objectContaining({
        code: 'TOO_MANY_CATEGORIES',
        message: 'Expected at most 254 names besides the background for categories but received 255',
      }),
    );
    expect(parseCategories(names, null)).toHaveLength(255);
    expect(() => parseCategories([...names, 'one', 'more'], null)).toThrow(
      'Expected at most 255 names for categories but received 257',
    );
    expect(parseCategories([...names.slice(1), 'background'])).toHaveLength(255);
    expect(() => parseCategories(new Array(1e6).fill('x'))).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_CATEGORIES' }),
    );
  });

  it('anything else gives a list or an InvSegError', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.array(fc.anything()), fc.array(fc.string({ unit: 'binary' }))),
        (input) => {
          try {
            expect(parseCategories(input).at(-1)).toBe('background');
          } catch (error) {
            expect(error).toBeInstanceOf(InvSegError);
          }
        },
      ),
    );
  });
});
