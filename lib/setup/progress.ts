/** What is going on, in bytes. */
import { bar } from '../words.js';
import type { Log } from './tools.js';

/** @param total undefined where nobody knows */
export type Advance = (done: number, total: number | undefined) => void;

export interface Progress {
  what: string;
  /** Bytes so far. */
  done: number;
  total: number | undefined;
}

/** Decimal units, as indices and disks have them: `192 MB`, `3.1 GB`. */
export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

export function progressText({ what, done, total }: Progress): string {
  if (total === undefined || total === 0) return `${what}: ${bytesText(done)}`;
  return `${what}: ${bytesText(done)} of ${bytesText(total)} (${Math.floor((100 * done) / total)} %)`;
}

/** The same for a line of a terminal, whose end may not fit: what counts stands first. */
export function progressBar({ what, done, total }: Progress): string {
  if (!total) return `${bytesText(done)} ${what}`;
  return `${bar(done / total)} ${bytesText(done)} of ${bytesText(total)} ${what}`;
}

/** A line for each tenth, or for each 100 MB where the end is not known: for logs, which have no cursor to move. */
export function progressLines(log: Log): (progress: Progress) => void {
  const told = new Map<string, number>();
  return (progress) => {
    const { what, done, total } = progress;
    const mark = Math.floor(total ? (10 * done) / total : done / 1e8);
    if (mark <= (told.get(what) ?? 0)) return;
    told.set(what, mark);
    log(`  ${progressText(progress)}`);
  };
}
