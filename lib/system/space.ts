/** Room on a disk. */
import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';

/** The folder itself, or the first one above it that exists. */
export function nearestFolder(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) if (existsSync(at) || at === path.dirname(at)) return at;
}

/** Bytes that this user may still write where `folder` is or would be. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestFolder(folder));
  return bavail * bsize;
}
