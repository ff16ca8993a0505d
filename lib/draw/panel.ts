/** The picture and several results side by side, with titles and one legend. */
import { record, refuse } from '../checks/index.js';
import { shareText } from '../words.js';
import type { Placed } from './canvas.js';
import { drawPage } from './canvas.js';
import { checkLabels, checkNames, checkPalette, checkPixels, checkText } from './checks.js';
import { drawLegend, drawTitle } from './legend.js';
import type { Palette } from './palette.js';
import { categoryPalette } from './palette.js';
import type { Pixels } from './pixels.js';
import { resizeLabels, resizePixels, shownSize, tint } from './pixels.js';
import { shares } from './shares.js';

/** One result of a panel. */
export interface PanelColumn {
  /** Above the result. */
  title: string;
  /** One byte per pixel, [height × width]: index into `categories`. */
  labels: Uint8Array;
}

/** What `drawPanel` takes. */
export interface PanelInput {
  /** The image, as `decodeImage` gives it. */
  image: Pixels;
  /** Title above the image itself; default `input`. */
  title?: string;
  /** Results, from left to right after the image. */
  columns: readonly PanelColumn[];
  /** Names, the background last; 1–255. */
  categories: readonly string[];
  /** Colours by label; default `categoryPalette(categories.length)`. */
  palette?: Palette;
}

const PADDING = 12;

/**
 * Draws an image and several results of it side by side, with titles and one legend.
 *
 * @param input image, results, names and colours
 * @returns bytes of a PNG; the legend gives each category's share in every column
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH`
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { decodeImage, Segmenter } from 'invseg-native';
 * import { drawPanel } from 'invseg-native/draw';
 *
 * await using segmenter = await Segmenter.open();
 * const image = await decodeImage('cat.jpg');
 * const before = await segmenter.segment('cat.jpg', { categories: ['cat'], steps: 0 });
 * const after = await segmenter.segment('cat.jpg', { categories: ['cat'], steps: 5 });
 * const columns = [
 *   { title: 'baseline', labels: before.labels },
 *   { title: 'InvSeg', labels: after.labels },
 * ];
 * await writeFile('panel.png', await drawPanel({ image, columns, categories: after.categories }));
 * ```
 */
export async function drawPanel(input: PanelInput): Promise<Buffer> {
  record(input, 'the panel', 'an object with image, columns and categories');
  const { image, title = 'input', columns, categories, palette } = input;
  checkPixels(image);
  checkText(title, 'title');
  checkNames(categories);
  if (palette !== undefined) checkPalette(palette, categories.length);
  const colours = palette ?? categoryPalette(categories.length);
  if (!Array.isArray(columns)) refuse('columns', 'a list of { title, labels }', columns);
  columns.forEach((column: unknown, i) => {
    record(column, `columns[${i}]`, 'an object with title and labels');
    checkText((column as PanelColumn).title, `columns[${i}].title`);
    checkLabels((column as PanelColumn).labels, image, colours.length, `columns[${i}].labels`);
  });
  const size = shownSize(image.width, image.height, { most: 480, least: 256 });
  const shown = await resizePixels(image, size.width, size.height);
  const background = categories.length - 1;
  const cells = [
    shown,
    ...columns.map(({ labels }) => tint(shown, resizeLabels(labels, image, size), colours, { background })),
  ];

  // A narrow picture still leaves room for its title.
  const cell = Math.max(size.width, 120);
  const titles = await Promise.all(
    [title, ...columns.map((column) => column.title)].map((text) => drawTitle(text, cell)),
  );
  const top = PADDING + Math.max(...titles.map((block) => block.height));
  const left = (index: number): number => PADDING + index * (cell + PADDING);
  const width = left(cells.length);

  const parts = columns.map(({ labels }) => shares(labels, categories.length));
  const items = categories.map((name, i) => ({
    colour: colours[i]!,
    text: `${name} ${parts.map((part) => shareText(part[i]!)).join(' → ')}`,
  }));
  const legend = await drawLegend(items, width - 2 * PADDING);
  const pictures = cells.map(
    (pixels, i): Placed => ({ pixels, left: left(i) + Math.floor((cell - size.width) / 2), top }),
  );
  const under = top + size.height + PADDING;
  const svg = [
    ...titles.map((block, i) => `<g transform="translate(${left(i)} ${PADDING - 4})">${block.svg}</g>`),
    `<g transform="translate(${PADDING} ${under})">${legend.svg}</g>`,
  ];
  return drawPage(width, under + legend.height + PADDING, pictures, svg.join(''));
}
