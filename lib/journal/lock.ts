/** One process at a time at a journal; two would count pictures twice, or tear each other's lines. */
import path from 'node:path';
import { InvSegError } from '../errors.js';
import type { LockTiming } from '../system/index.js';
import { FileLock, ownProcess } from '../system/index.js';

export interface JournalLock extends AsyncDisposable {
  /** @throws {InvSegError} `OUTPUT_FAILED` where another process has taken the journal over */
  confirm(): Promise<void>;
}

/**
 * Holds `<file>.lock` until it is disposed of. The lock of a process that ended, however it ended, does not count.
 * @throws {InvSegError} `OUTPUT_FAILED` naming the process that is at work; what the file system throws
 */
export async function lockFile(file: string, timing?: LockTiming): Promise<JournalLock> {
  const folder = path.dirname(file);
  const lock = await FileLock.take(`${file}.lock`, timing);
  if (!(lock instanceof FileLock)) {
    const where = lock.host === ownProcess().host ? '' : ` of host ${lock.host}`;
    const message = `process ${lock.pid}${where} is at work there; wait for it, or name another folder`;
    throw new InvSegError('OUTPUT_FAILED', `${folder}: ${message}`);
  }
  return {
    async confirm() {
      if (await lock.isHeld()) return;
      const message = 'another process has taken the run over, or its lock was deleted';
      throw new InvSegError('OUTPUT_FAILED', `${folder}: ${message}; this one ends, so that no image counts twice`);
    },
    [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose](),
  };
}
