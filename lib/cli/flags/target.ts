/** Files that a flag names for what will be written. */
import { open, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { InvSegError } from '../../errors.js';

/** Before minutes of work, not after. @throws {InvSegError} `OUTPUT_FAILED`; `INVALID_OPTION` for no name */
export async function checkTarget(flag: string, file: string): Promise<void> {
  if (file === '') throw new InvSegError('INVALID_OPTION', `Expected the name of a file for ${flag} but received none`);
  const kind = await stat(file).catch(() => undefined);
  if (kind?.isDirectory())
    throw new InvSegError('OUTPUT_FAILED', `Cannot write ${flag} ${file}: it is a folder; name a file in it`);
  const folder = await stat(path.dirname(path.resolve(file))).catch(() => undefined);
  if (!folder?.isDirectory())
    throw new InvSegError('OUTPUT_FAILED', `Cannot write ${flag} ${file}: its folder is not there`);
  // A device or a pipe is opened once, by whoever writes.
  if (kind !== undefined && !kind.isFile()) return;
  try {
    await (await open(file, 'a')).close();
    if (kind === undefined) await unlink(file);
  } catch (cause) {
    throw new InvSegError('OUTPUT_FAILED', `Cannot write ${flag} ${file}: ${(cause as Error).message}`, { cause });
  }
}
