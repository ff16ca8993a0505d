/** One set-up at a time in one folder, across processes. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLock, makeFolderSync } from '../system/index.js';
import type { Log } from './tools.js';

/** Runs `work` while no other process holds `file`; the lock of a process that has ended counts as free. */
export async function withLock<T>(file: string, log: Log, work: () => Promise<T>): Promise<T> {
  makeFolderSync(path.dirname(file));
  let told = false;
  for (;;) {
    const lock = await FileLock.take(file);
    if (lock instanceof FileLock) {
      await using _ = lock;
      return await work();
    }
    if (!told) log(`Process ${lock.pid} is setting up the same folder; waiting for it (lock: ${file}) …`);
    told = true;
    await sleep(500);
  }
}
