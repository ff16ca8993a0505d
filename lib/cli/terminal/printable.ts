/** Text for a terminal: file names, messages of workers and entries of a queue may hold whatever their writer liked. */
import type { Io } from './io.js';

/** Controls other than line end and tab, and those that turn the direction of writing. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Controls as `\u001b`, which a terminal shows and JSON reads as what it was. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same process, none of whose texts moves the cursor; `control` is left for those that are meant to. */
export function printableIo(io: Io): Io {
  return {
    ...io,
    out: (text) => io.out(printable(text)),
    err: (text) => io.err(printable(text)),
    control: (text) => io.err(text),
  };
}
