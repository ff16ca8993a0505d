/** The files of one result: labels, overlay, maps where there are some, and a report that says how they came to be. */
import path from 'node:path';
import { typedArray } from '../arrays.js';
import { flag, isPlainObject, oneOf, pathText, refuse, rejectUnknown, text } from '../checks/index.js';
import type { PaletteName, Pixels } from '../draw/index.js';
import { categoryPalette, drawOverlay, encodeLabels, paletteNames } from '../draw/index.js';
import { backgroundFirst } from '../labels/index.js';
import type { SegmenterInfo, SegmentResult } from '../segmenter/index.js';
import { checkLabelled } from '../segmenter/index.js';
import { prepareFolder, writeWhole } from '../system/index.js';
import { encodeNpy } from './npy.js';
import type { LabelOrder } from './report.js';
import { labelOrders, makeReport } from './report.js';

/** What `saveResult` takes. */
export interface SaveOptions {
  /** Made where it is not there, unless `create` says no. */
  folder: string;
  /** False where the folder has to be there: that it has gone is then an error. Default true. */
  create?: boolean | undefined;
  /** Beginning of the files' names: `cat` gives `cat.labels.png`, `cat.overlay.png`, `cat.json`. */
  name: string;
  /** The image itself, at the result's size: [height × width × 3] bytes, as `decodeImage` gives it. */
  image: Pixels;
  /** `info` of the segmenter that made the result. */
  info: SegmenterInfo;
  /** Colours of labels and overlay; default `voc`. */
  palette?: PaletteName | undefined;
  /** Indices in the PNG; default `background-last`, as in the result. */
  labels?: LabelOrder | undefined;
  /** False where the segments are only numbered (DiffSeg without categories), so that none is the background. */
  hasBackground?: boolean | undefined;
  /** How the report calls the image, such as its path; default `name`. */
  source?: string | undefined;
  /** Which source of names gave the categories, where the caller did not; for the report. */
  names?: string | undefined;
}

/** What `saveResult` wrote. */
export interface SavedResult {
  /** Kind of file (`labels`, `overlay`, `maps`) and its name in the folder. */
  files: Record<string, string>;
  /** What `<name>.json` holds. */
  report: Record<string, unknown>;
}

/**
 * Writes `<name>.labels.png` (palette), `<name>.overlay.png`, `<name>.maps.npy` (float32 [categories, side, side],
 * where the result has maps) and, last, `<name>.json`: where the report is, the other files are. Each is whole or not
 * there.
 *
 * @param result of `segment`
 * @param options folder, name, the image as `decodeImage` gives it, and `info` of the segmenter
 * @returns names of the files, and the report
 * @throws {InvSegError} `INVALID_OPTION`, `SHAPE_MISMATCH` for an image of another size, `OUTPUT_FAILED`
 * @example
 * ```ts
 * import { decodeImage, saveResult, Segmenter } from 'invseg-native';
 *
 * await using segmenter = await Segmenter.open();
 * const result = await segmenter.segment('cat.jpg', { categories: ['cat'] });
 * const image = await decodeImage('cat.jpg');
 * const { files } = await saveResult(result, { folder: 'out', name: 'cat', image, info: segmenter.info });
 * console.log(files);
 * ```
 */
export async function saveResult(result: SegmentResult, options: SaveOptions): Promise<SavedResult> {
  checkLabelled(result);
  if (!Array.isArray(result.segments) || !isPlainObject(result.timings)) refuse('result', 'what segment gives', result);
  if (!isPlainObject(options)) refuse('options', 'an object with folder, name, image and info', options);
  rejectUnknown(options, KEYS);
  const { image, info, names, source } = options;
  const folder = pathText.read(options.folder, 'folder');
  const name = text('the beginning of a file name, without folders', isFileName).read(options.name, 'name');
  const palette = oneOf(...paletteNames).read(options.palette ?? 'voc', 'palette');
  const order = oneOf(...labelOrders).read(options.labels ?? 'background-last', 'labels');
  const hasBackground = flag.read(options.hasBackground ?? true, 'hasBackground');
  if (!isPlainObject(info) || !isPlainObject(info.model)) refuse('info', 'the info of a segmenter', info);
  for (const [key, value] of Object.entries({ names, source }))
    if (value !== undefined && typeof value !== 'string') refuse(key, 'a text', value);
  const create = flag.read(options.create ?? true, 'create');

  const colours = categoryPalette(result.categories.length, palette);
  const { labels, categories, maps, width, height } = result;
  const first = order === 'background-first' && hasBackground;
  const own = { labels, names: categories, palette: colours };
  const written = first ? backgroundFirst(own) : own;
  const background = hasBackground ? (first ? 0 : categories.length - 1) : null;
  const files: Record<string, string> = { labels: `${name}.labels.png`, overlay: `${name}.overlay.png` };
  // All of it is made before the first file is written: a call that is refused leaves an earlier result whole.
  const contents: [file: string, content: Uint8Array | string][] = [
    [
      files['labels']!,
      encodeLabels(written.labels, width, height, written.palette, { names: written.names, background }),
    ],
    [files['overlay']!, await drawOverlay({ image, labels, categories, palette: colours })],
  ];
  if (maps) {
    files['maps'] = `${name}.maps.npy`;
    const shape = [maps.categories.length, maps.size, maps.size];
    const values = shape.reduce((a, b) => a * b, 1);
    typedArray('Float32Array', maps.data, 'result.maps.data', values, '[categories × size × size]');
    contents.push([files['maps'], encodeNpy(maps.data, shape)]);
  }
  const report = makeReport({
    image: source ?? name,
    result,
    info,
    palette: colours,
    order,
    files,
    ...(names !== undefined && { names }),
  });
  contents.push([`${name}.json`, `${JSON.stringify(report, null, 2)}\n`]);
  if (create) await prepareFolder(folder);
  for (const [file, content] of contents) await writeWhole(path.join(folder, file), content);
  return { files, report };
}

const KEYS = ['folder', 'create', 'name', 'image', 'info', 'palette', 'labels', 'hasBackground', 'source', 'names'];

const isFileName = (name: string): boolean =>
  path.basename(name) === name && !/[\\\u0000-\u001f]/.test(name) && name !== '' && name !== '.' && name !== '..';
