import { beforeAll, describe, expect, it } from 'vitest';
import { parseJson } from '../../lib/names/json.js';
import { NameMatcher } from '../../lib/names/matcher.js';
import type { Vocabulary } from '../../lib/names/vocabulary.js';
import { loadVocabulary, readVocabulary, vocabularyNames } from '../../lib/names/vocabulary.js';
import { wordsOf } from '../../lib/names/words.js';
import { cocoPhrases, contextPhrases, knownMisses, vocPhrases } from './phrases.js';

const vocabularies = new Map<string, { vocabulary: Vocabulary; matcher: NameMatcher }>();
beforeAll(async () => {
  for (const name of vocabularyNames) {
    const vocabulary = await loadVocabulary(name);
    vocabularies.set(name, { vocabulary, matcher: new NameMatcher(vocabulary) });
  }
});

function found(name: string, text: string): string[] {
  const { vocabulary, matcher } = vocabularies.get(name)!;
  return matcher.classesIn(text).map((index) => vocabulary.classes[index]!.prompt);
}

const own = (text: string) => new NameMatcher(readVocabulary(parseJson(text, 'my.json')));

describe('captions, judged by a reader', () => {
  for (const [name, phrases] of Object.entries({
    voc: vocPhrases,
    coco: cocoPhrases,
    'context-voc-first': contextPhrases,
  })) {
    it.each(phrases)(`${name}: %s`, (text, expected) => {
      const wanted = expected === '' ? [] : expected.split(', ');
      expect([...found(name, text)].sort()).toEqual([...wanted].sort());
    });
  }

  it('are many', () => {
    expect(vocPhrases.length + cocoPhrases.length + contextPhrases.length).toBeGreaterThanOrEqual(150);
  });

  it.each(knownMisses)('%s: %s — known to give %j instead of %j', (name, text, given) => {
    expect(found(name, text).join(', ')).toBe(given);
  });
});

describe('every word of every vocabulary', () => {
  it.each([...vocabularyNames])('%s: alone, in a sentence and without its spaces names its class', (name) => {
    const { vocabulary, matcher } = vocabularies.get(name)!;
    const wrong: string[] = [];
    vocabulary.classes.forEach((entry, index) => {
      for (const word of [entry.name, entry.prompt, ...entry.synonyms]) {
        const texts = [
          word,
          `there is the ${word} on it`,
          word.toUpperCase(),
          word.replaceAll(' ', '-'),
          word.replaceAll(' ', ''),
        ];
        for (const text of texts) if (matcher.classesIn(text).join() !== String(index)) wrong.push(text);
        for (const text of [word, ` ${word.toUpperCase()}`, word.replaceAll(' ', '_')])
          if (matcher.resolve(text) !== index) wrong.push(text);
      }
      for (const alias of entry.aliases ?? []) if (matcher.resolve(alias) !== index) wrong.push(alias);
    });
    expect(wrong).toEqual([]);
  });
});

describe('a phrase', () => {
  it('takes its words: the longest first, wherever it stands', () => {
    const matcher = own('["dog", "hot dog", {"name": "hot dog stand", "synonyms": ["booth"]}]');
    expect(matcher.find('a dog at a hot dog stand with a hot dog')).toEqual([
      { index: 2, words: 'hot dog stand' },
      { index: 1, words: 'hot dog' },
      { index: 0, words: 'dog' },
    ]);
  });

  it('does not reach across a comma, a full stop or a possessive', () => {
    const matcher = own('["hot dog"]');
    for (const text of ['it is hot, dog days', 'It was hot. Dog asleep', "the hot's dog", 'hot/dog', 'hot (dog)']) {
      expect(matcher.classesIn(text), text).toEqual([]);
    }
    expect(matcher.classesIn('a hot-dog')).toEqual([0]);
    expect(matcher.classesIn('a hot\n  dog')).toEqual([0]);
  });

  it('of a user may be in any script', () => {
    const matcher = own(
      '["猫", "犬小屋", "собака", {"name": "Käfer", "synonyms": ["Marienkäfer"]}, "कुत्ता", "chien", "🐈 kitty"]',
    );
    expect(matcher.classesIn('ein MARIENKÄFER auf dem Blatt')).toEqual([3]);
    expect(matcher.classesIn('ein Ka\u0308fer')).toEqual([3]);
    expect(matcher.classesIn('Большая собака.')).toEqual([2]);
    expect(matcher.classesIn('एक कुत्ता यहाँ है')).toEqual([4]);
    expect(matcher.classesIn('机の上の猫')).toEqual([0]);
    expect(matcher.classesIn('deux chiens')).toEqual([5]);
    expect(matcher.resolve('собака')).toBe(2);
  });

  it('of nothing is nothing', () => {
    const matcher = own('["cat"]');
    for (const text of ['', ' ', '\n', '...', '🐈', '\u200b', '-', "'", 'x'.repeat(100_000)])
      expect(matcher.find(text)).toEqual([]);
  });
});

describe('signs without end', () => {
  // The tagger's time grows with the square of a run without spaces, so that it must not see one.
  it.each(["'", '#', '_', "a'", "'.-_", '-', '~'])('%s, 80 kB of it, beside a name', (sign) => {
    const text = `a cat ${sign.repeat(80_000 / sign.length)} and a dog`;
    const tokens = wordsOf(text);
    expect(tokens.length).toBeLessThan(40);
    expect(tokens.flatMap((word) => word?.surface ?? [])).toEqual(expect.arrayContaining(['cat', 'dog']));
  });
  it('three of one sign stay', () => expect(wordsOf('wait... what')).toEqual(wordsOf('wait........ what')));
});
