import { expect, it } from 'vitest';
import { Similarity } from '../../lib/names/similarity.js';
import { loadVocabulary } from '../../lib/names/vocabulary.js';
import { FakeModels } from './fake-models.js';

/** 200 nouns of a number's own. */
const nouns = (number: number): string[] => Array.from({ length: 200 }, (_, i) => `noun-${number}-${i}`);

it('keeps the vectors of nouns that come again, and not those of any number of others', async () => {
  const asked: string[] = [];
  const models = new FakeModels({});
  models.wordStates = async (words) => {
    asked.push(...words);
    // Every noun is as far from every class as can be.
    return words.map((word) => Float32Array.of(word.startsWith('noun') ? 1 : 0, word.startsWith('noun') ? 0 : 1));
  };
  const similarity = new Similarity(models, await loadVocabulary('voc'));
  const all = async (number: number): Promise<void> => expect(await similarity.toNouns(nouns(number), 0.5)).toEqual([]);
  await all(0);
  asked.length = 0;
  for (let i = 0; i < 5; i++) await all(0);
  expect(asked).toEqual([]);
  // Two at a time: the one that makes room must not take what the other has asked for.
  for (let i = 1; i < 100; i += 2) await Promise.all([all(i), all(i + 1)]);
  asked.length = 0;
  await all(100);
  expect(asked).toEqual([]);
  await all(0);
  expect(asked).toEqual(nouns(0));
});
