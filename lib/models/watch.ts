/**
 * Weight files that stay what they were. The engine maps them and reads parts again for every picture, so a file that
 * is changed in
 * place changes the results, and one that is cut ends the process (SIGBUS). A file that another one was renamed over
 * is still there
 * for whoever has it open.
 */
import { stat } from 'node:fs/promises';
import { InvSegError } from '../errors.js';

interface Seen {
  device: bigint;
  inode: bigint;
  bytes: bigint;
  modified: bigint;
}

export class WeightWatch {
  readonly #seen: ReadonlyMap<string, Seen>;

  private constructor(seen: ReadonlyMap<string, Seen>) {
    this.#seen = seen;
  }

  /** Looks at files that exist, before they are mapped. */
  static async of(files: Iterable<string>): Promise<WeightWatch> {
    const seen = new Map<string, Seen>();
    for (const file of new Set(files)) {
      const found = await look(file);
      if (found) seen.set(file, found);
    }
    return new WeightWatch(seen);
  }

  /** @throws {InvSegError} `WEIGHTS_CHANGED` for a file that is the same one and has another size or time */
  async check(): Promise<void> {
    await Promise.all([...this.#seen].map(([file, before]) => this.#checkFile(file, before)));
  }

  async #checkFile(file: string, before: Seen): Promise<void> {
    const now = await look(file);
    // Gone, or another file under its name: the open one is as it was.
    if (!now || now.inode !== before.inode || now.device !== before.device) return;
    if (now.bytes === before.bytes && now.modified === before.modified) return;
    const what = now.bytes === before.bytes ? 'rewritten' : `changed from ${before.bytes} to ${now.bytes} bytes`;
    throw new InvSegError(
      'WEIGHTS_CHANGED',
      `${file}: expected the weights that were opened but the file was ${what} since; ` +
        'open the model again, and replace weights by renaming a new file over the old one',
    );
  }
}

async function look(file: string): Promise<Seen | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && { device: found.dev, inode: found.ino, bytes: found.size, modified: found.mtimeNs };
}
