/** One result over its picture, with a legend. */
import { record } from '../checks/index.js';
import { shareText } from '../words.js';
import { drawPage } from './canvas.js';
import { checkLabels, checkNames, checkPalette, checkPixels } from './checks.js';
import { drawLegend } from './legend.js';
import type { Palette } from './palette.js';
import { categoryPalette } from './palette.js';
import type { Pixels } from './pixels.js';
import { resizeLabels, resizePixels, shownSize, tint } from './pixels.js';
import { shares } from './shares.js';

/** What `drawOverlay` takes. */
export interface OverlayInput {
  /** The image, as `decodeImage` gives it. */
  image: Pixels;
  /** One byte per pixel, [height × width]: index into `categories`. */
  labels: Uint8Array;
  /** Names, the background last; 1–255. */
  categories: readonly string[];
  /** Colours by label; default `categoryPalette(categories.length)`. */
  palette?: Palette;
}

const PADDING = 10;
const NARROWEST = 260; // a legend in a column of one letter is not readable

/**
 * Draws a result over its image, with a legend that names each category and its share.
 *
 * @param input image, labels, names and colours
 * @returns bytes of a PNG, the image at most 1024 pixels on its longer side
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { decodeImage, Segmenter } from 'invseg-native';
 * import { drawOverlay } from 'invseg-native/draw';
 *
 * await using segmenter = await Segmenter.open();
 * const { labels, categories } = await segmenter.segment('cat.jpg', { categories: ['cat'] });
 * await writeFile('overlay.png', await drawOverlay({ image: await decodeImage('cat.jpg'), labels, categories }));
 * ```
 */
export async function drawOverlay(input: OverlayInput): Promise<Buffer> {
  record(input, 'the overlay', 'an object with image, labels and categories');
  const { image, labels, categories, palette } = input;
  checkPixels(image);
  checkNames(categories);
  if (palette !== undefined) checkPalette(palette, categories.length);
  const colours = palette ?? categoryPalette(categories.length);
  checkLabels(labels, image, colours.length);
  const size = shownSize(image.width, image.height, { most: 1024, least: 300 });
  const shown = await resizePixels(image, size.width, size.height);
  const picture = tint(shown, resizeLabels(labels, image, size), colours, { background: categories.length - 1 });

  const parts = shares(labels, categories.length);
  const items = categories.map((name, i) => ({ colour: colours[i]!, text: `${name} ${shareText(parts[i]!)}` }));
  const width = Math.max(size.width, NARROWEST) + 2 * PADDING;
  const legend = await drawLegend(items, width - 2 * PADDING);
  const top = PADDING + size.height + PADDING;
  const left = Math.floor((width - size.width) / 2);
  return drawPage(
    width,
    top + legend.height + PADDING,
    [{ pixels: picture, left, top: PADDING }],
    `<g transform="translate(${PADDING} ${top})">${legend.svg}</g>`,
  );
}
