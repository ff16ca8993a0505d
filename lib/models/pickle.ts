/** Why pickle files are refused, and the way out. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../errors.js';

const PICKLE_EXTENSIONS = ['.bin', '.ckpt', '.pt', '.pth', '.pkl'];

export function isPickleName(file: string): boolean {
  return PICKLE_EXTENSIONS.includes(path.extname(file).toLowerCase());
}

/** The refusal for a file. */
export function refusePickle(file: string): InvSegError {
  return new InvSegError(
    'WEIGHTS_PICKLE',
    `${file}: pickle weights are refused, because loading them can run code; safetensors weights are needed\n` +
      'Where you trust the file, convert it once with Python and diffusers:\n' +
      "  StableDiffusionPipeline.from_pretrained('<folder>').save_pretrained('<new folder>', safe_serialization=True)\n" +
      "  StableDiffusionPipeline.from_single_file('<file>')  reads a single .ckpt",
  );
}

/** The refusal where `folder` itself holds a pickle file. */
export async function pickleError(folder: string): Promise<InvSegError | undefined> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const found = names.sort().find(isPickleName);
  return found === undefined ? undefined : refusePickle(path.join(folder, found));
}
