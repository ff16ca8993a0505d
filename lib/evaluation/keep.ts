/** Thumbnails and labels of a picture for the report, drawn while its pixels are in memory. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { Palette, Pixels } from '../draw/index.js';
import { encodeLabels, resizeLabels, resizePixels, shownSize, tint, vocPalette } from '../draw/index.js';
import type { LoadedPicture } from './picture.js';
import { PICTURES, pictureFiles, writeInto } from './run-folder.js';

/** Longer side of a thumbnail, in pixels. */
const SHOWN = { most: 320, least: 256 };

/** The data sets' own colours by label; 255 is white. */
export function labelPalette(hasBackground: boolean): Palette {
  const voc = vocPalette();
  return hasBackground ? voc : voc.map((colour, label) => (label === 255 ? colour : voc[Math.min(label + 1, 254)]!));
}

/** @throws {InvSegError} `OUTPUT_FAILED` */
export async function keepPicture(
  out: string,
  picture: LoadedPicture,
  predicted: Uint8Array,
  hasBackground: boolean,
): Promise<void> {
  const { id, rgb, width, height, mask } = picture;
  const palette = labelPalette(hasBackground);
  const size = shownSize(width, height, SHOWN);
  const small = await resizePixels({ rgb, width, height }, size.width, size.height);
  const drawn = (labels: Uint8Array): Promise<Buffer> =>
    webp(tint(small, resizeLabels(labels, picture, size), palette, hasBackground ? { background: 0 } : {}));
  const files = pictureFiles(id);
  await writeInto(out, files.truth, await drawn(mask.labels));
  await writeInto(out, files.predicted, await drawn(predicted));
  await writeInto(out, files.labels, encodeLabels(predicted, width, height, palette));
}

export async function dropPicture(out: string, id: string): Promise<void> {
  await Promise.all(Object.values(pictureFiles(id)).map((file) => rm(path.join(out, file), { force: true })));
}

/** Removes what a process left that was killed between two pictures: all but the files of `ids`. */
export async function tidyPictures(out: string, ids: readonly string[]): Promise<void> {
  const wanted = new Set(ids.flatMap((id) => Object.values(pictureFiles(id)).map((file) => path.basename(file))));
  const there = await readdir(path.join(out, PICTURES)).catch(() => []);
  await Promise.all(
    there.filter((name) => !wanted.has(name)).map((name) => rm(path.join(out, PICTURES, name), { force: true })),
  );
}

const webp = ({ rgb, width, height }: Pixels): Promise<Buffer> =>
  sharp(rgb, { raw: { width, height, channels: 3 } })
    .webp({ quality: 80 })
    .toBuffer();
