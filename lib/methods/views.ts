/** The random crops that a step sees, as fractions of the picture. */

import type { NativeStep } from '../native/index.js';
import type { CropOptions, MethodOptions, ViewOptions } from '../options/index.js';
import type { Random } from '../random.js';

/** Top, left, height, width in [0, 1]. */
export type Box = readonly [number, number, number, number];

/**
 * Everything that the steps of a loop see, known before the first of them: an engine may then encode views ahead.
 *
 * Drawn step by step in this order; changing it changes every mask of a seed.
 */
export function drawSteps(random: Random, options: MethodOptions): NativeStep[] {
  return Array.from({ length: options.steps }, (_, i) => {
    const fresh = i === 0 || options.views.fresh === 'perStep';
    const boxes = fresh ? drawBoxes(random, options.views) : new Float32Array(0);
    const timestep = random.integer(...options.views.timesteps);
    const noiseSeed = random.seed();
    return { boxes, timesteps: new Int32Array(options.views.count).fill(timestep), noiseSeed };
  });
}

/** [views × 4]; a view is resized to the model's square, so a square here is a square of the picture as the model sees it. */
export function drawBoxes(random: Random, { count, crop }: Pick<ViewOptions, 'count' | 'crop'>): Float32Array {
  const draw = crop.rule === 'side' ? drawBySide : drawByArea;
  return Float32Array.from(Array.from({ length: count }, () => draw(random, crop)).flat());
}

/** A square with a uniform side, anywhere inside. */
export function drawBySide(random: Random, { min, max }: CropOptions): Box {
  const side = random.uniform(min, max);
  return place(random, side, side);
}

/** torchvision's RandomResizedCrop: ten tries, then the whole picture or the largest centred crop in `ratio`. */
export function drawByArea(random: Random, { min, max, ratio }: CropOptions): Box {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = random.uniform(min, max);
    const aspect = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const width = Math.sqrt(area * aspect);
    const height = Math.sqrt(area / aspect);
    if (width <= 1 && height <= 1) return place(random, height, width);
  }
  // The picture that the model sees is square: aspect 1.
  const [height, width] = ratio[0] > 1 ? [1 / ratio[0], 1] : ratio[1] < 1 ? [1, ratio[1]] : [1, 1];
  return [(1 - height) / 2, (1 - width) / 2, height, width];
}

function place(random: Random, height: number, width: number): Box {
  return [random.uniform(0, 1 - height), random.uniform(0, 1 - width), height, width];
}
