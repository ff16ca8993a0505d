/** Keys of pictures in files of names, which come as paths, file names and ids. */

/**
 * What two keys are compared by: the base name without folders (of either kind) and without a picture's extension.
 * `JPEGImages/2007_000033.jpg`, `2007_000033.png` and `2007_000033` are the same picture.
 */
export function pictureKey(key: string): string {
  const base = key.slice(Math.max(key.lastIndexOf('/'), key.lastIndexOf('\\')) + 1);
  return base.replace(/\.(?:jpe?g|png|webp|gif|tiff?|bmp|avif)$/i, '').normalize('NFC');
}

/** An integer id of COCO as its file names have it: 139 → `000000000139`. */
export const cocoKey = (id: number): string => String(id).padStart(12, '0');
