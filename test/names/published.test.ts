/** Lists of names in exactly the three forms that DiffSegmenter publishes, and COCO's captions of 2014. */
import { describe, expect, it } from 'vitest';
import { parseCaptions } from '../../lib/names/captions.js';
import { parseJson } from '../../lib/names/json.js';
import { imageKey } from '../../lib/names/keys.js';
import { parseNames } from '../../lib/names/precomputed.js';
import { loadVocabulary } from '../../lib/names/vocabulary.js';

/** Of three pictures each: [key as published, id in the data set, image similarity, text similarity, the classes of their union]. */
const published = {
  voc: [
    [
      '/root/autodl-tmp/dataset/VOCdevkit/VOC2012/JPEGImages/2007_000033.jpg',
      '2007_000033',
      ['plane'],
      ['plane'],
      ['aeroplane'],
    ],
    [
      '/root/autodl-tmp/dataset/VOCdevkit/VOC2012/JPEGImages/2011_003271.jpg',
      '2011_003271',
      ['bottle'],
      ['table', 'bottle'],
      ['bottle', 'diningtable'],
    ],
    ['/root/autodl-tmp/dataset/VOCdevkit/VOC2012/JPEGImages/2007_000804.jpg', '2007_000804', [], [], []],
  ],
  'context-voc-first': [
    ['2008_000002.jpg', '2008_000002', ['monitor'], [], ['tvmonitor']],
    ['2008_000003.jpg', '2008_000003', ['platform'], ['train', 'platform'], ['train', 'platform']],
    ['2010_006086.jpg', '2010_006086', ['dog'], ['sofa', 'dog'], ['dog', 'sofa']],
  ],
  coco: [
    ['COCO_val2014_000000182611.jpg', '000000182611', ['diningtable'], ['bowl'], ['bowl', 'dining table']],
    [
      'COCO_val2014_000000335177.jpg',
      '000000335177',
      ['fire hydrant', 'stop sign', 'frisbee', 'toothbrus'],
      [],
      ['fire hydrant', 'stop sign', 'frisbee', 'toothbrush'],
    ],
    ['COCO_val2014_000000502599.jpg', '000000502599', ['aeroplane'], [], ['airplane']],
  ],
} as const;

describe.each(Object.entries(published))('the published list of %s', (name, pictures) => {
  it('has the names of every picture of the data set', async () => {
    const vocabulary = await loadVocabulary(name);
    const list = (column: 2 | 3) => Object.fromEntries(pictures.map((one) => [one[0], one[column]]));
    const value = { synonym_matching: list(3), image_similarity: list(2), text_similarity: list(3) };
    const found = parseNames(parseJson(JSON.stringify(value, null, 4), 'predict.json'), vocabulary).pictures;
    expect(found.size).toBe(pictures.length);
    for (const [, id, , , classes] of pictures) {
      expect(
        found.get(imageKey(id))?.map((index) => vocabulary.classes[index]!.name),
        id,
      ).toEqual(classes);
    }
  });
});

it.each(['train2014', 'val2014', 'test2014', 'test2015'])("COCO's captions name files of %s", (split) => {
  const value = {
    images: [{ id: 182611, file_name: `COCO_${split}_000000182611.jpg` }],
    annotations: [
      { image_id: 182611, caption: 'a bowl' },
      { image_id: 182611, caption: 'on a table' },
    ],
  };
  expect(parseCaptions(parseJson(JSON.stringify(value), 'captions.json')).get(imageKey('000000182611'))).toBe(
    'a bowl . on a table',
  );
});

it('other names that look a little like these are left as they are', () => {
  for (const name of ['COCO_val2014_cat', 'COCO_val14_000000000139', 'MYCOCO_val2014_000000000139', 'COCO_mine2014_7'])
    expect(imageKey(`${name}.jpg`)).toBe(name);
});
