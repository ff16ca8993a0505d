import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJson } from '../../lib/names/json.js';
import { loadVocabulary, readVocabulary, vocabularyNames } from '../../lib/names/vocabulary.js';

const read = (text: string) => readVocabulary(parseJson(text, 'my.json'));
const lines = (...rows: string[]) => rows.join('\n');

describe('vocabularies of the package', () => {
  it.each([
    ['voc', 20],
    ['context-alphabetical', 59],
    ['context-voc-first', 59],
    ['coco', 80],
  ] as const)('%s has its classes, each word with one class alone', async (name, count) => {
    const vocabulary = await loadVocabulary(name);
    expect(vocabulary.name).toBe(name);
    expect(vocabulary.classes).toHaveLength(count);
  });

  it('have the order of the labels', async () => {
    const [voc, alphabetical, vocFirst, coco] = await Promise.all(vocabularyNames.map(loadVocabulary));
    const at = (vocabulary: typeof voc, ...labels: number[]) =>
      labels.map((label) => vocabulary!.classes[label - 1]!.name);
    expect(at(voc, 1, 11, 15, 16, 20)).toEqual(['aeroplane', 'diningtable', 'person', 'pottedplant', 'tvmonitor']);
    expect(at(alphabetical, 1, 2, 50, 59)).toEqual(['aeroplane', 'bag', 'table', 'wood']);
    expect(at(vocFirst, 1, 11, 20, 42, 59)).toEqual(['aeroplane', 'table', 'tvmonitor', 'curtain', 'wood']);
    expect(at(coco, 1, 10, 13, 31, 53, 80)).toEqual([
      'person',
      'traffic light',
      'parking meter',
      'skis',
      'hot dog',
      'toothbrush',
    ]);
    const names = (vocabulary: typeof voc) => vocabulary!.classes.map(({ name }) => name).sort();
    expect(names(alphabetical)).toEqual(names(vocFirst));
    expect(names(alphabetical)).toEqual(alphabetical!.classes.map(({ name }) => name));
  });

  it('spell prompts as a text would', async () => {
    const { classes, backgroundWords } = await loadVocabulary('voc');
    const different = classes.filter(({ name, prompt }) => name !== prompt).map(({ prompt }) => prompt);
    expect(different).toEqual(['airplane', 'dining table', 'potted plant', 'tv monitor']);
    expect(backgroundWords).toHaveLength(25);
    expect(new Set(backgroundWords)).toContain('keyboard');
    expect((await loadVocabulary('coco')).backgroundWords).toHaveLength(23);
  });
});

describe("a user's vocabulary", () => {
  let folder: string;
  beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'invseg-vocabulary-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is a file of names', async () => {
    const file = path.join(folder, 'garden.json');
    writeFileSync(file, '\uFEFF["rose", "watering can"]');
    expect(await loadVocabulary(file)).toEqual({
      name: 'garden',
      classes: [
        { name: 'rose', prompt: 'rose', synonyms: [] },
        { name: 'watering can', prompt: 'watering can', synonyms: [] },
      ],
      backgroundWords: [],
      ignoredPhrases: [],
    });
  });

  it('or of classes with their words, in any script', () => {
    const text =
      '{"name": "tiere", "classes": [{"name": " Ka\u0308fer ", "synonyms": ["Marienkäfer"]}, "猫"], "backgroundWords": ["Wiese"]}';
    expect(read(text)).toEqual({
      name: 'tiere',
      classes: [
        { name: 'Käfer', prompt: 'Käfer', synonyms: ['Marienkäfer'] },
        { name: '猫', prompt: '猫', synonyms: [] },
      ],
      backgroundWords: ['Wiese'],
      ignoredPhrases: [],
    });
  });

  it.each([
    ['a comma too many', lines('[', '  "cat",', ']'), 'my.json:3:1: it is not valid JSON'],
    ['nothing', '', 'my.json:1:1: it is not valid JSON: Unexpected end of input'],
    ['a number', '3', 'my.json:1:1: expected a list of classes, or an object with classes, but found 3'],
    ['no classes', '{"name": "x"}', 'my.json:1:1: expected a list of classes at classes but found nothing'],
    ['an empty list', '[]', 'my.json:1:1: expected at least one class but found []'],
    [
      'a number for a name',
      lines('[', '  "cat",', '  7', ']'),
      'my.json:3:3: expected a name, or an object with name, at [1] but found 7',
    ],
    [
      'a class without a name',
      lines('{"classes": [', '  {"prompt": "cat"}]}'),
      'my.json:2:3: expected a name at classes[0].name but found nothing',
    ],
    [
      'an unknown key',
      lines('{"classes": [{', '  "name": "cat",', '  "synonym": "tom"}]}'),
      'my.json:3:14: unknown key "synonym"; did you mean synonyms?',
    ],
    [
      'a text for a list',
      '[{"name": "cat", "synonyms": "tom"}]',
      'my.json:1:30: expected a list at [0].synonyms but found "tom"',
    ],
    ['an empty name', lines('["cat",', ' " "]'), 'my.json:2:2: expected a name for [1] but received white space only'],
    [
      'a line break in a name',
      '["cat\\u000a"]'.replace('cat', 'c\\u0007at'),
      'my.json:1:2: expected text without control characters',
    ],
    [
      'the same name twice',
      lines('[', '  "cat",', '  "dog",', '  "Cat"', ']'),
      'my.json:4:3: expected words that no other class has but "Cat" is [0] too',
    ],
    [
      'a word of two classes',
      lines('[{"name": "cat", "synonyms": ["pet"]},', '{"name": "dog", "synonyms": ["pet"]}]'),
      'my.json:2:30: expected words that no other class has but "pet" is [0].synonyms[0] too',
    ],
    ['the background', '["cat", "background"]', 'my.json:1:9: background is added by itself'],
    [
      'another format',
      '{"format": "x/1", "classes": ["cat"]}',
      'my.json:1:12: expected "invseg-vocabulary/1" at format but found "x/1"',
    ],
    [
      'a class among the words of the background',
      '{"classes": ["cat"], "backgroundWords": ["cat"]}',
      'my.json:1:42: expected a word that is not a class',
    ],
    [
      'a class among the phrases to read over',
      '{"classes": [{"name": "cat", "synonyms": ["tom"]}], "ignoredPhrases": ["Tom"]}',
      'my.json:1:72: expected a word that is not a class',
    ],
    [
      'too many classes',
      JSON.stringify(Array.from({ length: 255 }, (_, i) => `c${i}`)),
      'my.json:1:1: expected at most 254 classes but found 255',
    ],
    [
      'a name of 1001 characters',
      JSON.stringify(['x'.repeat(1001)]),
      'my.json:1:2: expected at most 1000 characters for [0] but received 1001',
    ],
  ])('with %s says where', (_, text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'NAMES_INVALID', message: expect.stringContaining(message) }),
    );
  });

  it('that is not there says what is', async () => {
    await expect(loadVocabulary('vok')).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
      message: expect.stringContaining('did you mean voc?'),
    });
    await expect(loadVocabulary('no/such.json')).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
      message: expect.stringContaining('no/such.json'),
    });
    await expect(loadVocabulary(folder)).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
      message: expect.stringContaining('it is a folder'),
    });
  });
});
