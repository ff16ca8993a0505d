/**
 * Which TorchScript may be loaded. A module is a program: `__setstate__` runs when it is opened, and its operators
 * read and write files (`torch.from_file`, `torch.save`). So only this package's own modules are loaded, known by
 * their hash; any other one needs the user's word. The bytes that were hashed are those that the engine gets.
 */
import { createHash } from 'node:crypto';
import { InvSegError } from '../errors.js';
import type { FileError } from '../system/index.js';
import { LIMITS, readBounded } from '../system/index.js';
import { KNOWN_CODE } from './known-code.js';

const known: ReadonlySet<string> = new Set(Object.values(KNOWN_CODE));

export interface Code {
  /** Where it was read, for messages. */
  script: string;
  /** Its bytes, which the engine loads; the file is not read again. */
  code: Uint8Array;
  /** SHA-256 of `code` in hexadecimal. */
  sha256: string;
}

/**
 * Reads a module, once.
 *
 * @param script path of the module that a manifest names
 * @param field of the manifest, for messages
 * @param trusted whether the user trusts code that is not this package's
 * @throws {InvSegError} `MANIFEST_INVALID` where it cannot be read; `CODE_UNTRUSTED`
 */
export async function findCode(script: string, field: string, trusted: boolean): Promise<Code> {
  const code = await readBounded(script, LIMITS.code).catch((cause: FileError) => {
    throw new InvSegError('MANIFEST_INVALID', `${script}: ${cause.message}; ${field} of the manifest names it`, {
      cause,
    });
  });
  if (code.length === 0)
    throw new InvSegError('MANIFEST_INVALID', `${script}: it is empty; ${field} of the manifest names it`);
  const sha256 = createHash('sha256').update(code).digest('hex');
  if (trusted || known.has(sha256)) return { script, code, sha256 };
  throw new InvSegError(
    'CODE_UNTRUSTED',
    `${script}: expected TorchScript of this package but found another one (SHA-256 ${sha256.slice(0, 16)}…), ` +
      `which ${field} of the manifest names\n` +
      'TorchScript is a program: loading it can read and write every file that you can. ' +
      'If you trust its author, open the model ' +
      'with trustCode: true (--trust-code). A folder in diffusers layout brings no code and needs neither.',
  );
}
