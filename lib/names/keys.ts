/** Files of names call a picture by its path, its file or its number; all are compared by one key. */
import type { Field } from '../checks/index.js';

/** COCO's pictures have one number for good; the releases until 2015 wrote their own name before it. */
const COCO_RELEASE = /^COCO_(?:train|val|test)20\d\d_(?=\d+$)/;

/**
 * `data\VOC/JPEGImages/2007_000033.jpg` → `2007_000033`; `000000000139.png` → `139`, as COCO's annotations write it,
 * and `COCO_val2014_000000000139.jpg` → `139`, the same picture in lists that were made with another release.
 */
export function imageKey(name: string): string {
  const file = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const base = file.replace(/\.(?:jpe?g|png|webp|gif|tiff?|avif|bmp|mat)$/i, '').replace(COCO_RELEASE, '');
  return /^\d+$/.test(base) ? base.replace(/^0+(?=\d)/, '') : base;
}

/** Adds an entry; two keys of one picture are an error, for it is not said which one counts. */
export function addOnce<T>(map: Map<string, T>, key: string, value: T, at: Field): void {
  const short = imageKey(key);
  if (short === '') at.error(`expected the name of an image but found ${JSON.stringify(key)}`);
  if (map.has(short))
    at.error(`expected each image once but ${JSON.stringify(short)} is there twice, here as ${JSON.stringify(key)}`);
  map.set(short, value);
}
