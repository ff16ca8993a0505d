/** Where each kind has its files, and how one gets them; for `dataset check`. */
import type { DatasetKind } from './types.js';

export interface LayoutPart {
  what: string;
  /** Below the data set's folder; the first that is there counts. `{split}` is the list's name. */
  candidates: readonly string[];
  /** Needed, one of several that will do, or good to have. */
  need: 'needed' | 'one' | 'optional';
  /** In words, where it is missing. */
  fix: string;
}

export interface Layout {
  title: string;
  /** Where the data set's own folder may be below the root. */
  homes: readonly string[];
  defaultSplit: string | undefined;
  /** Lengths of the published lists by their name. */
  published: Readonly<Record<string, readonly number[]>>;
  parts: readonly LayoutPart[];
}

const vocPictures = (archive: string, year: number): LayoutPart => ({
  what: 'images',
  candidates: ['JPEGImages'],
  need: 'needed',
  fix: `unpack ${archive}; it makes VOCdevkit/VOC${year}, whose folder above is the root`,
});

export const layouts: Readonly<Record<DatasetKind, Layout>> = {
  folder: {
    title: 'Folder',
    homes: [''],
    defaultSplit: undefined,
    published: {},
    parts: [
      {
        what: 'images',
        candidates: ['images'],
        need: 'needed',
        fix: 'put the images there, as <id>.jpg, .png, .jpeg or .webp',
      },
      {
        what: 'masks',
        candidates: ['masks'],
        need: 'needed',
        fix: 'put a palette or 8-bit grey PNG there for every image: 0 background, 1, 2, … the classes, 255 ignored',
      },
      {
        what: 'classes',
        candidates: ['classes.json', 'classes.txt'],
        need: 'needed',
        fix: 'list the names of the labels 1, 2, … as a JSON array, or one per line in classes.txt',
      },
      {
        what: 'lists',
        candidates: ['lists'],
        need: 'optional',
        fix: 'lists/<split>.txt, one id a line, chooses some of the images',
      },
    ],
  },
  voc: {
    title: 'PASCAL VOC 2012',
    homes: ['', 'VOC2012', 'VOCdevkit/VOC2012'],
    defaultSplit: 'val',
    published: { val: [1449], train: [1464], trainval: [2913] },
    parts: [
      vocPictures('VOCtrainval_11-May-2012.tar', 2012),
      { what: 'masks', candidates: ['SegmentationClass'], need: 'needed', fix: 'they are in the same archive' },
      {
        what: 'more masks',
        candidates: ['SegmentationClassAug'],
        need: 'optional',
        fix: 'only the augmented training list needs them; choose them with --masks SegmentationClassAug',
      },
      { what: 'lists', candidates: ['ImageSets/Segmentation'], need: 'needed', fix: 'they are in the same archive' },
    ],
  },
  context: {
    title: 'PASCAL Context',
    homes: ['', 'VOC2010', 'VOCdevkit/VOC2010'],
    defaultSplit: 'val',
    published: { val: [5105, 5104], train: [4998, 4996] },
    parts: [
      vocPictures('VOCtrainval_03-May-2010.tar', 2010),
      {
        what: 'masks (PNG)',
        candidates: ['SegmentationClassContext'],
        need: 'one',
        fix: "a conversion of trainval_merged.json, such as mmsegmentation's, writes them with their list",
      },
      {
        what: 'masks (.mat)',
        candidates: ['trainval'],
        need: 'one',
        fix: "the raw release's trainval.tar.gz, unpacked beside JPEGImages",
      },
      {
        what: "the conversion's lists",
        candidates: ['ImageSets/SegmentationContext'],
        need: 'one',
        fix: 'the conversion writes them',
      },
      {
        what: "VOC's lists",
        candidates: ['ImageSets/Main'],
        need: 'one',
        fix: 'they are in the archive of the images; val.txt is the original list of 5105',
      },
    ],
  },
  coco: {
    title: 'COCO Object',
    homes: [''],
    defaultSplit: 'val2017',
    published: { val2017: [5000], train2017: [118_287] },
    parts: [
      {
        what: 'images',
        candidates: ['images/{split}', '{split}'],
        need: 'needed',
        fix: 'unpack {split}.zip into images',
      },
      {
        what: 'masks (PNG)',
        candidates: ['annotations/{split}', 'stuffthingmaps/{split}'],
        need: 'one',
        fix: 'unpack stuffthingmaps_trainval2017.zip into annotations: the published protocol',
      },
      {
        what: 'instances',
        candidates: ['annotations/instances_{split}.json'],
        need: 'one',
        fix: 'unpack annotations_trainval2017.zip',
      },
    ],
  },
};
