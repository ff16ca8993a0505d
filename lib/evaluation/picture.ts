/** One picture of a run: read ahead of its turn, then named, segmented and counted. */
import type { Dataset } from '../datasets/index.js';
import { InvSegError } from '../errors.js';
import type { RawImage } from '../image/index.js';
import { decodeImage } from '../image/index.js';
import type { LabelMap } from '../labels/index.js';
import type { NameSource } from '../names/index.js';
import type { MethodOptions } from '../options/index.js';
import { countPairs, UNASSIGNED } from '../scores/index.js';
import type { SegmentResult } from '../segmenter/index.js';
import type { ClassIndex } from './class-index.js';
import { withoutBackground } from './foreground.js';
import { maskDigest } from './masks.js';
import type { Evaluated, PictureRecord } from './types.js';

/** An image and its truth, in memory. */
export interface LoadedPicture extends Place {
  /** Absolute. */
  imagePath: string;
  /** One byte per sample, [height × width × 3]. */
  rgb: Uint8Array;
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** Its ground truth. */
  mask: LabelMap;
  /** Of decoding. */
  warnings: readonly string[];
  /** Duration of reading image and mask. */
  milliseconds: number;
}

/** An image of the list. */
export interface Place {
  /** As the list has it. */
  id: string;
  /** In the whole evaluation's list, from 0. */
  place: number;
}

/** What failed instead. */
export interface FailedPicture extends Place {
  error: unknown;
}

/** Never rejects: this runs ahead of its turn. */
export async function loadPicture(
  dataset: Dataset,
  { id, place }: Place,
  signal: AbortSignal | undefined,
): Promise<LoadedPicture | FailedPicture> {
  const began = performance.now();
  try {
    const { imagePath, loadMask } = await dataset.item(id);
    const [{ rgb, width, height, warnings }, mask] = await Promise.all([
      decodeImage(imagePath, { signal }),
      loadMask(),
    ]);
    if (mask.width !== width || mask.height !== height) {
      const sizes = `its mask is ${mask.width} × ${mask.height}, the image ${width} × ${height}`;
      throw new InvSegError('MASK_INVALID', `${imagePath}: ${sizes}`);
    }
    return { id, place, imagePath, rgb, width, height, mask, warnings, milliseconds: performance.now() - began };
  } catch (error) {
    return { id, place, error };
  }
}

/** What stays the same for all pictures. */
export interface PictureTask {
  segmenter: Evaluated;
  dataset: Dataset;
  names: NameSource;
  classIndex: ClassIndex;
  options: MethodOptions;
  /** Pictures in one pass of the engine, at most. */
  batch: number;
  signal: AbortSignal | undefined;
}

/** A picture, and what to look for in it. */
export interface NamedPicture {
  picture: LoadedPicture;
  /** What the source of names was given, and the engine is: the same object, by which a caller may know it again. */
  image: RawImage;
  /** Labels of the data set; without one there is nothing to ask the engine. */
  labels: readonly number[];
  warnings: readonly string[];
  /** Milliseconds that finding the names took. */
  milliseconds: number;
}

export interface SegmentedPicture {
  record: PictureRecord;
  /** [height × width] labels of the data set, or `UNASSIGNED`. */
  predicted: Uint8Array;
}

const imageOf = ({ rgb, width, height }: LoadedPicture): RawImage => ({ data: rgb, width, height, channels: 3 });

/** @throws {InvSegError} the codes of the names' source */
export async function namePicture(
  { names, classIndex }: Pick<PictureTask, 'names' | 'classIndex'>,
  picture: LoadedPicture,
): Promise<NamedPicture> {
  const { id, imagePath, mask } = picture;
  const began = performance.now();
  const image = imageOf(picture);
  const item = { id, imagePath, image, loadMask: () => Promise.resolve(mask) };
  const found = await names.namesFor(item);
  const labels = classIndex.labelsOf(found.names);
  return { picture, image, labels, warnings: found.warnings, milliseconds: performance.now() - began };
}

/**
 * @param result undefined where no class was named
 * @param pass of the engine: the pictures in it, and its milliseconds
 * @throws {InvSegError} `INVALID_OPTION` for a result that cannot be scored by class
 */
export function recordPicture(
  { dataset }: Pick<PictureTask, 'dataset'>,
  { picture, labels, warnings, milliseconds: named }: NamedPicture,
  result: SegmentResult | undefined,
  pass: { pictures: number; milliseconds: number },
): SegmentedPicture {
  const { id, place, width, height, mask } = picture;
  const predicted = result
    ? translate(result, labels, dataset.hasBackground)
    : new Uint8Array(width * height).fill(dataset.hasBackground ? 0 : UNASSIGNED);
  const { encode = 0, inversion = 0, predict = 0 } = result?.timings ?? {};
  return {
    predicted,
    record: {
      id,
      place,
      mask: maskDigest(mask),
      ...countPairs(mask.labels, predicted, dataset.classes.length),
      names: labels,
      milliseconds: tenths({
        load: picture.milliseconds,
        names: named,
        encode,
        // All pictures of a pass make their steps together: each has its share.
        inversion: inversion / pass.pictures,
        predict,
        segment: pass.milliseconds / pass.pictures,
      }),
      losses: (result?.losses ?? []).map(
        ({ total: sum, cluster, entropy }) => [short(sum), short(cluster), short(entropy)] as const,
      ),
      warnings: [...picture.warnings, ...warnings, ...(result?.warnings ?? [])],
    },
  };
}

/** Indices of the call's names → labels of the data set, at the picture's size. */
function translate(result: SegmentResult, names: readonly number[], hasBackground: boolean): Uint8Array {
  const { labels, width, height, categories, maps, options } = result;
  if (categories.length !== names.length + 1) {
    throw new InvSegError(
      'INVALID_OPTION',
      `Expected a method that labels pixels with the ${names.length + 1} names it is given, the background included, but ${options.method} gave ${categories.length} segments; it cannot be scored by class`,
    );
  }
  if (hasBackground) {
    const labelOf = Uint8Array.from([...names, 0]);
    return labels.map((category) => labelOf[category]!);
  }
  const labelOf = new Uint8Array(256).fill(UNASSIGNED);
  labelOf.set(names);
  const { order } = options.inference;
  return withoutBackground({ labels, width, height, maps, order }, names.length).map((category) => labelOf[category]!);
}

/** Enough for a curve; a journal of all digits would be twice as long. JSON has no infinity. */
const short = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(7)) : 0);

function tenths<K extends string>(values: Record<K, number>): Record<K, number> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Math.round((value as number) * 10) / 10]),
  ) as Record<K, number>;
}
