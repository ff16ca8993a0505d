/** What an installation of LibTorch in the cache says of itself. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { INSTALLED } from '../native/index.js';

export interface Marker {
  /** Version of torch. */
  torch: string;
  /** LibTorch, relative to the folder of the installation. */
  root: string;
  /** Version of CUDA, null for the CPU; not told by installations of pip. */
  cuda?: string | null;
  /** Whether the addon can be built against it; installations of pip always can. */
  headers?: boolean;
}

/** The installation in `folder` with its root as a path, or undefined where none was finished. */
export function installed(folder: string): Marker | undefined {
  try {
    const marker = JSON.parse(readFileSync(path.join(folder, INSTALLED), 'utf8')) as Marker;
    return { ...marker, root: path.join(folder, marker.root) };
  } catch {
    return undefined;
  }
}
