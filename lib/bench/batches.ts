/** Images per second with several in one pass. */
import type { ImageInput } from '../image/index.js';
import type { MethodOverrides } from '../options/index.js';
import type { BatchImage, Segmenter } from '../segmenter/index.js';
import type { BatchSpeed } from './types.js';

export interface BatchCase {
  segmenter: Segmenter;
  picture: ImageInput;
  categories: readonly string[];
  options: MethodOverrides | undefined;
  /** Images measured at least, a whole number of passes. */
  images: number;
  signal: AbortSignal | undefined;
}

/**
 * One pass before is not measured: a GPU captures it. From the first image's bytes to the last one's labels.
 * @throws {Error} of the first image that fails
 */
export async function measureBatch(batch: number, given: BatchCase): Promise<BatchSpeed> {
  await segmentAll(batch, batch, given);
  const images = batch * Math.max(2, Math.ceil(given.images / batch));
  const began = performance.now();
  await segmentAll(images, batch, given);
  return { batch, images, imagesPerSecond: (1000 * images) / (performance.now() - began) };
}

async function segmentAll(
  count: number,
  batch: number,
  { segmenter, picture, categories, options, signal }: BatchCase,
): Promise<void> {
  const images = Array.from({ length: count }, (): BatchImage => ({ input: picture, categories }));
  for await (const { error } of segmenter.segmentAll(images, { ...options, batch, ...(signal && { signal }) }))
    if (error) throw error;
}
