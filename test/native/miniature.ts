/** The miniature on the native surface, without the segmenter in between. */

import { inversionOptions } from '../../lib/methods/inversion.js';
import { selectAll } from '../../lib/methods/selections.js';
import type {
  NativeEmbedding,
  NativeEngine,
  NativeImage,
  NativeInversionOptions,
  NativeMapSelection,
  NativeStep,
} from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';
import { resolveEngineOptions, resolveOptions } from '../../lib/options/index.js';
import { openParts } from '../../lib/segmenter/open.js';

export const { binding } = loadBinding();

export interface Opened {
  engine: NativeEngine;
  ids: Int32Array;
  embedding: NativeEmbedding;
  image: NativeImage;
  options: NativeInversionOptions;
  selection: NativeMapSelection;
}

/** An engine with the handles that an inversion is made of; the caller disposes them. */
export async function openMiniature(): Promise<Opened> {
  const parts = await openParts(resolveEngineOptions({ device: 'cpu', threads: 1 }));
  const { engine } = parts;
  const options = resolveOptions({});
  const prompts = parts.buildPrompts(['cat'], { ...options.prompt, background: options.background });
  const selections = selectAll(parts, options);
  const embedding = await engine.encodeText(prompts.ids, prompts.count);
  const image = await engine.encodeImage(grey(64, 48), 64, 48, false, 0);
  return {
    engine,
    ids: prompts.ids,
    embedding,
    image,
    options: inversionOptions({ options, prompts, selections }),
    selection: selections.inference,
  };
}

export async function closeMiniature({ engine, embedding, image }: Opened): Promise<void> {
  embedding.dispose();
  image.dispose();
  await engine.dispose();
}

/** RGB bytes without a picture in them. */
export function grey(width: number, height: number): Uint8Array {
  return new Uint8Array(width * height * 3).fill(120);
}

/** One step; its time grows with the views. */
export function step(views = 1): NativeStep {
  return {
    boxes: Float32Array.from({ length: 4 * views }, (_, i) => (i % 4 < 2 ? 0.1 : 0.8)),
    timesteps: new Int32Array(views).fill(100),
    noiseSeed: 1,
  };
}

export const predictOptions = (selection: NativeMapSelection) => ({
  selection,
  timestep: 50,
  noiseSeed: 1,
  refineIterations: 1,
  width: 64,
  height: 48,
  order: 'resize-first' as const,
  maps: false,
});
