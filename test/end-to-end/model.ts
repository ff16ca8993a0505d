/** The real addon and the model in the package. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBinding } from '../../lib/native/load.js';

const folder = fileURLToPath(new URL('../../models/miniature/pictures/', import.meta.url));

/** Path and names of every bundled picture. */
export const pictures = Object.entries(
  JSON.parse(readFileSync(path.join(folder, 'pictures.json'), 'utf8')) as Record<string, { categories: string[] }>,
).map(([file, { categories }]) => ({ file: path.join(folder, file), categories }));

/** Native handles that are alive; whatever a test does, it must end as it began. */
export const openHandles = (): number => loadBinding().binding.probe().handles;
