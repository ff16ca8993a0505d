/** The folder of random weights of full size as `randomModel` keeps it, but with holes in the place of the values: no room on the disk. */
import { mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import type { ModelShapes } from '../../lib/bench/random-parts.js';
import { partsOf } from '../../lib/bench/random-parts.js';
import { weightBytes, writeRandomWeights } from '../../lib/bench/random-weights.js';

export async function hollowModel(folder: string): Promise<void> {
  const parameters = new URL('../../models/sd21/parameters.json', import.meta.url);
  const shapes = JSON.parse(readFileSync(parameters, 'utf8')) as ModelShapes;
  const modules = Object.values(shapes);
  for (const part of partsOf('sd21', shapes)) {
    const file = path.join(folder, part.file);
    mkdirSync(path.dirname(file), { recursive: true });
    if (!file.endsWith('.safetensors')) {
      await part.write(folder, undefined);
      continue;
    }
    // Its header alone.
    const module = modules.find((one) => weightBytes(one) === part.bytes)!;
    await writeRandomWeights(file, module, { signal: AbortSignal.abort() }).catch(() => {});
    truncateSync(file, statSync(file).size + part.bytes);
  }
}
