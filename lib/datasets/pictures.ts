/** A picture's size from its header. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { InvSegError } from '../errors.js';
import type { Size } from './png-mask.js';
import { whyNot } from './places.js';

/** Endings of pictures of a data set, in the order in which they are looked for. */
export const PICTURE_ENDINGS = ['.jpg', '.png', '.jpeg', '.webp'] as const;

/**
 * As `decodeImage` will give it: turned by its EXIF orientation.
 * @throws {InvSegError} `IMAGE_UNREADABLE`
 */
export async function pictureSize(file: string): Promise<Size> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new InvSegError('IMAGE_UNREADABLE', `${file}: ${whyNot(cause, 'file')}`, { cause });
  }
  if (bytes.length === 0) throw new InvSegError('IMAGE_UNREADABLE', `${file}: it is empty`);
  try {
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0]!;
    throw new InvSegError('IMAGE_UNREADABLE', `${file}: it is not a picture that can be read (${reason})`, { cause });
  }
}
