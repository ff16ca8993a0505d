/** Why pickle files are refused, and the way out; TorchScript, which has the same ending, is another thing. */

import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../errors.js';
import { openFile } from '../system/index.js';

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

/** A zip's list of names is at its end; that of a TorchScript archive is far shorter. */
const END_BYTES = 1 << 20;

/** Whether it is a TorchScript archive: a zip with code in it. `torch.save` writes a zip without. */
export async function isTorchScript(file: string): Promise<boolean> {
  const opened = await openFile(file).catch(() => undefined);
  if (opened === undefined) return false; // what cannot be read is not said to be harmless
  const { handle, bytes } = opened;
  try {
    const start = Buffer.alloc(4);
    await handle.read(start, 0, start.length, 0);
    if (start.toString('latin1') !== 'PK\x03\x04') return false;
    const end = Buffer.alloc(Math.min(bytes, END_BYTES));
    await handle.read(end, 0, end.length, bytes - end.length);
    return end.includes('/code/') && end.includes('/constants.pkl');
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

/** Files of `folder` itself by what their endings and contents say: pickled weights, and TorchScript. */
export async function torchFiles(folder: string): Promise<{ pickles: string[]; scripts: string[] }> {
  const names = (await readdir(folder).catch(() => [] as string[])).filter(isPickleName).sort();
  const files = names.map((name) => path.join(folder, name));
  const are = await Promise.all(files.map(isTorchScript));
  return { pickles: files.filter((_, i) => !are[i]), scripts: files.filter((_, i) => are[i]) };
}

/** The refusal where `folder` itself holds a pickle file. */
export async function pickleError(folder: string): Promise<InvSegError | undefined> {
  const [found] = (await torchFiles(folder)).pickles;
  return found === undefined ? undefined : refusePickle(found);
}
