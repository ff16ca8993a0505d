import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetOptions } from '../../lib/cli/flags/dataset.js';
import { openDataset } from '../../lib/datasets/index.js';
import { parseCaptions } from '../../lib/names/captions.js';
import type { NameItem, NameSourceKind, NameSourceParts, Vocabulary } from '../../lib/names/index.js';
import { createNameSource, nameSourceKinds, openNameSource } from '../../lib/names/index.js';
import { parseJson } from '../../lib/names/json.js';
import { parseNames } from '../../lib/names/precomputed.js';
import { loadVocabulary } from '../../lib/names/vocabulary.js';
import { FakeModels } from './fake-models.js';

let folder: string;
let voc: Vocabulary;
let coco: Vocabulary;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-names-'));
  [voc, coco] = await Promise.all([loadVocabulary('voc'), loadVocabulary('coco')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(value: unknown): string {
  const at = path.join(folder, 'names.json');
  writeFileSync(at, typeof value === 'string' ? value : JSON.stringify(value));
  return at;
}
const item = (id: string, labels?: number[]): NameItem => ({
  id,
  imagePath: `${id}.jpg`,
  ...(labels && { loadMask: async () => ({ width: labels.length, height: 1, labels: Uint8Array.from(labels) }) }),
});
async function names(kind: NameSourceKind, parts: NameSourceParts, wanted: NameItem) {
  return (await createNameSource(kind, { vocabulary: voc, ...parts })).namesFor(wanted);
}

describe('given', () => {
  it('keeps the order and leaves the background to others', async () => {
    expect(await names('given', { categories: 'dog, cat,Background' }, item('x'))).toEqual({
      names: ['dog', 'cat'],
      origin: 'given',
      warnings: [],
    });
  });
  it('may give 200 names, in any script', async () => {
    const categories = ['猫', 'собака', ...Array.from({ length: 198 }, (_, i) => `thing ${i}`)];
    expect((await names('given', { categories }, item('x'))).names).toEqual(categories);
  });
  it('refuses a name twice, and none', async () => {
    await expect(names('given', { categories: 'cat,CAT' }, item('x'))).rejects.toMatchObject({
      code: 'INVALID_CATEGORIES',
    });
    await expect(names('given', {}, item('x'))).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('--categories'),
    });
  });
});

describe('ground truth', () => {
  it('gives the classes without background and ignored pixels, in the order of the labels', async () => {
    expect((await names('ground-truth', {}, item('x', [20, 0, 255, 1, 20, 11]))).names).toEqual([
      'airplane',
      'dining table',
      'tv monitor',
    ]);
    expect((await names('ground-truth', { hasBackground: false }, item('x', [0, 255, 19]))).names).toEqual([
      'airplane',
      'tv monitor',
    ]);
    expect((await names('ground-truth', {}, item('x', [0, 255]))).names).toEqual([]);
  });
  it('refuses a label that no class has, and a picture without a mask', async () => {
    await expect(names('ground-truth', {}, item('x', [21]))).rejects.toMatchObject({
      code: 'MASK_INVALID',
      message: expect.stringContaining('ends at 20'),
    });
    await expect(names('ground-truth', {}, item('x'))).rejects.toMatchObject({ code: 'MASK_NOT_FOUND' });
  });
});

describe('captions', () => {
  it('are found by the base name', async () => {
    const captions = file({ 'a/cat one.jpg': 'a cat', '2007_000033': ['a jet', 'two men'], '000000000139': 'a bus' });
    expect((await names('captions', { captions }, item('cat one'))).names).toEqual(['cat']);
    expect((await names('captions', { captions }, item('VOC/2007_000033.png'))).names).toEqual(['airplane', 'person']);
    expect((await names('captions', { captions }, item('139'))).names).toEqual(['bus']);
  });
  it("are COCO's, all five joined, none running into the next", () => {
    const texts = ['a hot', 'dog on grass', 'a cat', 'two mice', 'a tv'];
    const annotations = texts.map((caption, id) => ({ id, image_id: 139, caption }));
    const value = {
      info: {},
      licenses: [],
      images: [{ id: 139, file_name: '000000000139.jpg', width: 4 }],
      annotations,
    };
    expect(parseCaptions(parseJson(JSON.stringify(value), 'c.json')).get('139')).toBe(
      'a hot . dog on grass . a cat . two mice . a tv',
    );
  });
  it("take COCO's from a file", async () => {
    const images = [
      { id: 139, file_name: '000000000139.jpg' },
      { id: 285, file_name: '000000000285.jpg' },
    ];
    const annotations = [
      { image_id: 285, caption: 'a bear' },
      { image_id: 139, caption: 'a hot' },
      { image_id: 139, caption: 'dog and a tv' },
    ];
    const captions = file({ images, annotations });
    expect((await names('captions', { captions, vocabulary: coco }, item('000000000139'))).names).toEqual([
      'dog',
      'tv',
    ]);
  });
  it('that name nothing ask the picture, and without models leave it to the background', async () => {
    const captions = file({ x: '', y: 'clouds' });
    const alone = await names('captions', { captions }, item('x'));
    expect(alone).toMatchObject({
      names: [],
      origin: 'captions/nothing',
      warnings: ['The caption of x is empty', expect.stringContaining('all background')],
    });
    const models = new FakeModels({ picture: { sheep: 1, cow: 0.5 } });
    expect(await names('captions', { captions, models }, item('y'))).toMatchObject({
      names: ['sheep'],
      origin: 'captions/image-similarity',
    });
  });
  it.each([
    ['{}', ':1:1: expected captions but found none'],
    ['[]', ':1:1: expected an object with captions but found []'],
    ['{"a": 3}', ':1:7: expected a caption, or a list of them, at a but found 3'],
    ['{"x/a.jpg": "", "a.png": ""}', 'expected each image once but "a" is there twice'],
    [
      '{"images": [{"id": 1, "file_name": "a"}], "annotations": [{"image_id": 2, "caption": "b"}]}',
      'expected the id of one of the images but found 2',
    ],
    [
      '{"annotations": [{"image_id": "1", "caption": "b"}]}',
      'expected a number of an image at annotations[0].image_id but found "1"',
    ],
    ['{"a": "b"', ':1:10: it is not valid JSON'],
  ])('%s is refused with its place', async (text, message) => {
    await expect(names('captions', { captions: file(text) }, item('a'))).rejects.toMatchObject({
      code: 'NAMES_INVALID',
      message: expect.stringContaining(message),
    });
  });
  it('without this picture, or without a file, say so', async () => {
    await expect(names('captions', { captions: file({ a: 'cat' }) }, item('b'))).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
      message: expect.stringContaining('"b"'),
    });
    await expect(names('captions', { captions: 'no.json' }, item('b'))).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
    });
  });
});

describe('precomputed', () => {
  const excerpt = {
    synonym_matching: {
      'JPEGImages/2007_000033.jpg': ['plane', 'people'],
      '2007_000042.png': ['train'],
      '2007_000061': ['boat'],
    },
    image_similarity: {
      '/data/VOC/2007_000033.jpg': ['aeroplane'],
      '2007_000042.jpg': ['train', 'buses'],
      '2007_000061': [],
    },
    text_similarity: {
      '2007_000033': ['table', 'plant', 'aeroplane'],
      'C:\\voc\\2007_000042.jpg': ['monitor'],
      '2007_000061.jpg': ['background'],
    },
  };
  it('is the union of image and text, each name once, in the order of the vocabulary', async () => {
    const precomputed = file(excerpt);
    expect((await names('precomputed', { precomputed }, item('2007_000033'))).names).toEqual([
      'airplane',
      'dining table',
      'potted plant',
    ]);
    expect((await names('precomputed', { precomputed }, item('2007_000042'))).names).toEqual([
      'bus',
      'train',
      'tv monitor',
    ]);
    expect(await names('precomputed', { precomputed }, item('2007_000061'))).toMatchObject({
      names: [],
      origin: 'precomputed/nothing',
    });
    await expect(names('precomputed', { precomputed }, item('other'))).rejects.toMatchObject({
      code: 'NAMES_NOT_FOUND',
    });
  });
  it('resolves the spellings that such files have', () => {
    const words = [
      'aeroplane',
      'sofa',
      'pottedplant',
      'diningtable',
      'tvmonitor',
      'toothbrus',
      'plane',
      'buses',
      'people',
      'table',
      'plant',
      'monitor',
    ];
    const list = { a: words };
    const { pictures } = parseNames(
      parseJson(JSON.stringify({ image_similarity: list, text_similarity: list }), 'n.json'),
      coco,
    );
    expect(pictures.get('a')!.map((index) => coco.classes[index]!.name)).toEqual([
      'person',
      'airplane',
      'bus',
      'couch',
      'potted plant',
      'dining table',
      'tv',
      'toothbrush',
    ]);
  });
  it.each([
    ['voc', 1449],
    ['context-voc-first', 5104],
    ['coco', 5000],
  ] as const)('of full size (%s, %i images) resolves whole', async (name, count) => {
    const { classes, ...rest } = await loadVocabulary(name);
    const pick = (i: number, step: number): number => (i * step + 3) % classes.length;
    const ids = Array.from({ length: count }, (_, i) => `2008_${String(i).padStart(6, '0')}`);
    const list = (step: number, spell: (index: number) => string, key: (id: string) => string) =>
      Object.fromEntries(ids.map((id, i) => [key(id), [spell(pick(i, step)), spell(pick(i + 1, step))]]));
    const value = {
      synonym_matching: list(
        3,
        (index) => classes[index]!.synonyms.at(-1) ?? classes[index]!.name,
        (id) => id,
      ),
      image_similarity: list(
        7,
        (index) => classes[index]!.name,
        (id) => `images/${id}.jpg`,
      ),
      text_similarity: list(
        11,
        (index) => classes[index]!.prompt.toUpperCase(),
        (id) => `${id}.png`,
      ),
    };
    const { pictures } = parseNames(parseJson(JSON.stringify(value), 'n.json'), { classes, ...rest });
    expect(pictures.size).toBe(count);
    for (const [i, id] of ids.entries()) {
      const wanted = new Set([pick(i, 7), pick(i + 1, 7), pick(i, 11), pick(i + 1, 11)]);
      expect(pictures.get(id)).toEqual([...wanted].sort((a, b) => a - b));
    }
  });
  it('lists the names that are no class, with their counts', () => {
    const list = { a: ['cat', 'unicorn'], b: ['unicorn', 'elf'] };
    const text = JSON.stringify({ image_similarity: list, text_similarity: {} });
    expect(() => parseNames(parseJson(text, 'n.json'), voc)).toThrow(
      expect.objectContaining({
        code: 'NAMES_INVALID',
        message: expect.stringContaining('3 of 4 names are not in the vocabulary voc: "unicorn" 2×, "elf" 1×'),
      }),
    );
  });
  it.each([
    ['{"image_similarities": {}}', 'unknown key "image_similarities"; did you mean image_similarity?'],
    ['{"image_similarity": {}}', 'there is no text_similarity'],
    ['{"image_similarity": {}, "text_similarity": {}}', 'expected names of images but found none'],
    [
      '{"image_similarity": {"a": "cat"}, "text_similarity": {}}',
      ':1:28: expected a list of names at image_similarity.a but found "cat"',
    ],
    ['{"image_similarity": {"a": [1]}, "text_similarity": {}}', ':1:29: expected a name'],
    ['3', ':1:1: expected an object with synonym_matching'],
  ])('%s is refused', (text, message) => {
    expect(() => parseNames(parseJson(text, 'n.json'), voc)).toThrow(
      expect.objectContaining({ code: 'NAMES_INVALID', message: expect.stringContaining(message) }),
    );
  });
});

describe('computed from the picture', () => {
  it('is the union of both rules, in the order of the vocabulary', async () => {
    const models = new FakeModels({
      captions: ['a pug on the grass', 'A picture of grass'],
      picture: { sofa: 1, cat: 0.975, horse: 0.96 },
      words: { pug: { dog: 0.81 }, grass: { cow: 0.79, sheep: 0.3 } },
    });
    const found = await names('diffsegmenter', { models }, item('x'));
    // 0.97 of the best keeps the cat; above 0.8 keeps the dog and not the cow; "picture" is the prefix's.
    expect(found).toEqual({ names: ['cat', 'dog', 'sofa'], origin: 'diffsegmenter', warnings: [] });
    expect(models.prefixes).toEqual(['', 'A picture of']);
    expect(models.nouns).toEqual(['pug', 'grass']);
    expect(models.photos[0]).toBe('A photo of a airplane');
  });
  it('asks for the texts of the classes once', async () => {
    const models = new FakeModels({ captions: ['a cat', 'a picture of a cat'], picture: { cat: 1 } });
    const source = await createNameSource('diffsegmenter', { vocabulary: voc, models });
    await source.namesFor(item('x'));
    const asked = models.calls;
    await source.namesFor(item('y'));
    expect(models.calls - asked).toBe(0);
  });
  it('says where captions name nothing', async () => {
    const models = new FakeModels({ captions: ['', ''], picture: { cat: 1 } });
    expect(await names('diffsegmenter', { models }, item('x'))).toMatchObject({
      names: ['cat'],
      warnings: [expect.stringContaining('name nothing')],
    });
  });
});

it('every source says what it lacks', async () => {
  for (const kind of nameSourceKinds.filter((kind) => kind !== 'ground-truth')) {
    await expect(names(kind, {}, item('x')), kind).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(kind),
    });
  }
  await expect(createNameSource('captions', { captions: 'x.json' })).rejects.toMatchObject({
    message: expect.stringContaining('--vocabulary'),
  });
  for (const vocabulary of ['voc', null, ['cat'], { classes: [] }] as never[]) {
    await expect(createNameSource('captions', { vocabulary, captions: 'x.json' })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('loadVocabulary'),
    });
  }
  await expect(createNameSource('given', { categories: 'cat', missing: 'some' as never })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
  });
  await expect(createNameSource('guess' as NameSourceKind, {})).rejects.toMatchObject({ code: 'INVALID_OPTION' });
});

describe('what is no part and no image', () => {
  it('is refused: a key that no source has', async () => {
    const parts = { vocabulary: voc, vocabularly: coco } as NameSourceParts;
    await expect(createNameSource('ground-truth', parts)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: 'Unknown option vocabularly. Did you mean vocabulary?',
    });
    await expect(openNameSource('given', { categories: 'cat', cliip: '.' } as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: 'Unknown option cliip. Did you mean clip?',
    });
  });

  it.each([
    undefined,
    null,
    'cat',
    { id: 5 },
    { imagePath: 'x.jpg' },
    { id: 'x', imagePath: 5 },
    { id: 'x', loadMask: 1 },
  ])('is refused: the image %j', async (image) => {
    const captions = file({ cat: 'a cat' });
    for (const kind of ['given', 'captions', 'ground-truth'] as const) {
      const parts = kind === 'given' ? { categories: 'cat' } : { captions };
      await expect(names(kind, parts, image as never)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(/^Expected .* but received /),
      });
    }
  });

  it('but a data set, which has parts and more, fits', async () => {
    const dataset = await openDataset(datasetOptions('miniature', {}));
    const { description } = await createNameSource('ground-truth', dataset);
    expect(description).toContain('classes of the ground truth');
  });

  it('is refused: a file that is no path', async () => {
    await using opened = await openNameSource('given', { categories: 'cat' });
    await expect(opened.of(5 as never, 'cat.jpg')).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });
});
