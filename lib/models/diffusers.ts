/** Configuration files of a diffusers folder against what a manifest expects. */

import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { InvSegError } from '../errors.js';
import { LIMITS, optionalField } from '../system/index.js';
import type { BundleManifest } from './manifest.js';

/**
 * Refuses another architecture by its configuration, before a list of a thousand wrong shapes does. Files and fields
 * that are not there are not compared.
 *
 * @throws InvSegError `MODEL_UNSUPPORTED` naming file, field, what was expected and what was found; `MANIFEST_INVALID`
 * for a file that is not JSON.
 */
export async function checkConfigs(folder: string, manifest: BundleManifest): Promise<void> {
  for (const [name, expected] of Object.entries(manifest.expect)) {
    const found = await readConfig(path.join(folder, name));
    for (const [field, value] of Object.entries(expected)) {
      const actual = found && Object.hasOwn(found, field) ? found[field] : undefined;
      if (actual === undefined || actual === null || isDeepStrictEqual(actual, value)) continue;
      const pipeline = await className(folder);
      throw new InvSegError(
        'MODEL_UNSUPPORTED',
        `${path.join(folder, name)}: ${field} is ${JSON.stringify(actual)}, ` +
          `but ${manifest.name} has ${JSON.stringify(value)}\n` +
          `The folder${pipeline === undefined ? '' : ` (${pipeline})`} holds another model. ` +
          'Supported are Stable Diffusion 2.1 and 2.1-base.',
      );
    }
  }
}

/** The pipeline that `model_index.json` names. */
async function className(folder: string): Promise<string | undefined> {
  const name = (await readConfig(path.join(folder, 'model_index.json')))?.['_class_name'];
  return typeof name === 'string' ? name : undefined;
}

async function readConfig(file: string): Promise<Record<string, unknown> | undefined> {
  const top = await optionalField(file, LIMITS.manifest, 'MANIFEST_INVALID');
  return top?.isRecord ? top.record() : undefined;
}
