/** Words that nobody has seen before, as a stranger's captions may have without end. */
import { describe, expect, it } from 'vitest';
import { Tagger } from '../../lib/names/tagger.js';
import { text, word } from './unseen-words.js';

describe('what a tagger remembers', () => {
  it('is the words that its model does not have, each once', () => {
    const tagger = new Tagger();
    tagger.tag('a cat sits on the red sofa');
    expect(tagger.remembered).toEqual({ words: 0, characters: 0 });
    tagger.tag(text(0, 10));
    tagger.tag(text(0, 10));
    expect(tagger.remembered).toEqual({ words: 10, characters: text(0, 10).replaceAll(' ', '').length });
  });

  it.each([
    ['words', { words: 1000, characters: 2 ** 30 }, (i: number) => text(i * 100, 100)],
    ['characters', { words: 2 ** 30, characters: 20_000 }, (i: number) => 'x'.repeat(900) + word(i)],
  ])('has a limit of %s, and the words of one text', (kind, memory, make) => {
    const tagger = new Tagger(memory);
    const limit = memory[kind as 'words' | 'characters'];
    let [most, fresh, before] = [0, 0, 0];
    for (let i = 0; i < 60; i++) {
      tagger.tag(make(i));
      const held = tagger.remembered[kind as 'words' | 'characters'];
      most = Math.max(most, held);
      if (held < before) fresh++;
      before = held;
    }
    expect(most).toBeGreaterThanOrEqual(limit);
    expect(most).toBeLessThan(1.1 * limit);
    expect(fresh).toBeGreaterThan(1);
  });

  it('makes no difference to the parts of speech', () => {
    const texts = [
      'an orange cat',
      'two dogs on a sofa',
      `a ${word(5)} rides the train`,
      'the cooking apples are cooking',
    ];
    const tagged = (tagger: Tagger) => texts.map((one) => tagger.tag(one));
    const small = new Tagger({ words: 1, characters: 1 });
    const expected = tagged(new Tagger());
    // More models than memory would have space for if one of them kept anything of the one before.
    for (let i = 0; i < 12; i++) expect(tagged(small)).toEqual(expected);
  });
});
