/**
 * Which TorchScript may be loaded. A module is a program: `__setstate__` runs when it is opened, and its operators
 * read and write
 * files (`torch.from_file`, `torch.save`). So only this package's own modules are loaded, known by their hash; any
 * other one needs
 * the user's word.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, readBounded } from '../system/index.js';
import { KNOWN_CODE } from './known-code.js';

// The same two steps up from lib/models and from dist/models.
const MODELS = fileURLToPath(new URL('../../models/', import.meta.url));

const fileOf: ReadonlyMap<string, string> = new Map(Object.entries(KNOWN_CODE).map(([file, hash]) => [hash, file]));

export interface Code {
  /** What the engine is to load. */
  script: string;
  /** SHA-256 in hexadecimal. */
  sha256: string;
}

/**
 * Looks a module up.
 *
 * @param script path of the module that a manifest names
 * @param field of the manifest, for messages
 * @param trusted whether the user trusts code that is not this package's
 * @returns a known module as this package's own copy, where it has one, so that nobody can change it between look and
 * use
 * @throws {InvSegError} `MANIFEST_INVALID` where it cannot be read; `CODE_UNTRUSTED`
 */
export async function findCode(script: string, field: string, trusted: boolean): Promise<Code> {
  const sha256 = await hashOf(script).catch((cause: FileError) => {
    throw new InvSegError('MANIFEST_INVALID', `${script}: ${cause.message}; ${field} of the manifest names it`, {
      cause,
    });
  });
  const own = fileOf.get(sha256);
  if (own !== undefined) {
    const copy = path.join(MODELS, own);
    return { script: (await hashOf(copy).catch(() => undefined)) === sha256 ? copy : script, sha256 };
  }
  if (trusted) return { script, sha256 };
  throw new InvSegError(
    'CODE_UNTRUSTED',
    `${script}: expected TorchScript of this package but found another one (SHA-256 ${sha256.slice(0, 16)}…), ` +
      `which ${field} of the manifest names\n` +
      'TorchScript is a program: loading it can read and write every file that you can. ' +
      'Where you trust whoever made it, open the model ' +
      'with trustCode: true (--trust-code). A folder in diffusers layout brings no code and needs neither.',
  );
}

async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readBounded(file, LIMITS.code))
    .digest('hex');
}
