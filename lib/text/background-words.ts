/** Words for what is behind the categories, as predecessors list them. */

const shared = [
  'ground',
  'land',
  'grass',
  'tree',
  'building',
  'wall',
  'sky',
  'lake',
  'water',
  'river',
  'sea',
  'railway',
  'railroad',
  'keyboard',
  'helmet',
  'cloud',
  'house',
  'mountain',
  'ocean',
  'road',
  'rock',
  'street',
  'valley',
  'bridge',
  'sign',
] as const;

/** `coco` leaves out what is a category there. */
export const backgroundWordLists: Readonly<Record<'none' | 'voc' | 'coco', readonly string[]>> = {
  none: [],
  voc: shared,
  coco: shared.filter((word) => word !== 'keyboard' && word !== 'sign'),
};

export type BackgroundWords = keyof typeof backgroundWordLists | readonly string[];
