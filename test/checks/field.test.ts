import { describe, expect, it } from 'vitest';
import { Field, integer, number, range, someText, textPair } from '../../lib/checks/index.js';
import { InvSegError } from '../../lib/errors.js';
import { parseField } from '../../lib/system/index.js';

const read = (text: string): Field => parseField(text, 'f.json', 'MANIFEST_INVALID');
const said = (attempt: () => unknown): string => {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(InvSegError);
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    return (error as Error).message;
  }
  throw new Error('It was taken');
};

describe('a field', () => {
  it('is read by the rules of options', () => {
    const top = read('{"a": [{"b c": -0}], "pair": ["x", "y"]}');
    expect(Object.is(top.at('a').list()[0]!.at('b c').read(integer(0)), 0)).toBe(true);
    expect(top.at('pair').read(textPair)).toEqual(['x', 'y']);
    expect(top.at('none').present).toBe(false);
    expect(top.at('none').items()).toEqual([]);
  });

  it('is refused with line, column and place', () => {
    const top = read('{\n "a": [{"b c": 7}],\n "pair": ["x", ""]}');
    expect(said(() => top.at('a').list()[0]!.at('b c').read(integer(8)))).toBe(
      'f.json:2:16: expected an integer of at least 8 at a[0]["b c"] but found 7',
    );
    expect(said(() => top.at('pair').read(textPair))).toBe('f.json:3:10: expected a text at pair[1] but found ""');
    expect(said(() => top.at('a').read(range(number())))).toMatch(/^f\.json:2:7: expected \[low, high\].* at a but/);
    expect(said(() => top.at('b').read(someText))).toBe('f.json:1:1: expected a text at b but found nothing');
    expect(said(() => top.only(['a', 'pairs']))).toBe('f.json:3:10: unknown key "pair"; did you mean pairs?');
  });

  it('has no line where there is no text', () => {
    const field = new Field({ a: 1 }, { file: 'f.json', code: 'MANIFEST_INVALID' });
    expect(said(() => field.at('a').text())).toBe('f.json: expected a text at a but found 1');
  });

  it.each([
    ['{"a": 1,}', 'f.json:1:9: it is not valid JSON: '],
    ['[\n1 2]', 'f.json:2:3: it is not valid JSON: '],
    ['{', "f.json:1:2: it is not valid JSON: Expected property name or '}'"],
    ['["a",', 'f.json:1:6: it is not valid JSON: Unexpected end of input'],
    ['["a",\n"\tb"]', 'f.json:2:2: it is not valid JSON: Bad control character in string literal'],
    ['[1, x]', "f.json:1:5: it is not valid JSON: Unexpected token 'x'"],
  ])('is not made of %s', (text, message) => {
    expect(said(() => read(text))).toContain(message);
  });

  it('keeps the error of a check as the cause, with the place in front', () => {
    const check = (): never => {
      throw new InvSegError('INVALID_OPTION', 'Expected a cat');
    };
    expect(said(() => read('[1]').list()[0]!.check(check))).toBe('f.json:1:2: expected a cat');
  });
});
