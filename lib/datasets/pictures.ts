/** A picture's size from its header. */
import { MAX_PIXELS, readHeader, readPictureFile } from '../image/index.js';
import type { Size } from './png-chunks.js';

/** Endings of pictures of a data set, in the order in which they are looked for. */
export const PICTURE_ENDINGS = ['.jpg', '.png', '.jpeg', '.webp'] as const;

/**
 * As `decodeImage` will give it: turned by its EXIF orientation, and refused where it would be.
 * @throws {InvSegError} `IMAGE_NOT_FOUND`, `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE`
 */
export async function pictureSize(file: string): Promise<Size> {
  const { autoOrient } = await readHeader(await readPictureFile(file, MAX_PIXELS), file, MAX_PIXELS);
  return { width: autoOrient.width, height: autoOrient.height };
}
