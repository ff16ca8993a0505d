import { expect, it } from 'vitest';
import { loadVocabulary } from '../../lib/names/index.js';
import { captionerNames } from '../../lib/reproduce/captioner.js';
import { FakeModels } from '../names/fake-models.js';

it('names the classes of the caption that a model writes', async () => {
  const models = new FakeModels({ captions: ['two kittens on a couch next to a hot dog'] });
  const source = captionerNames(models, await loadVocabulary('voc'));
  expect(source.description).toBe('captions by models of a test, vocabulary voc');
  expect(await source.namesFor({ id: 'a', imagePath: 'a.jpg' })).toEqual({
    names: ['cat', 'sofa'],
    origin: 'captioner',
    warnings: [],
  });
  expect(models.prefixes).toEqual(['']);
});
