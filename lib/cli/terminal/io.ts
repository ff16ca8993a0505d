/** What a command may touch of its process; tests bring their own. */

import type { EngineOptions } from '../../options/index.js';
import type { Segmenter } from '../../segmenter/index.js';

export interface Io {
  /** Data. */
  out(text: string): void;
  /** Talk. */
  err(text: string): void;
  /** Signs that move the cursor, on the stream of the talk; left out, `err` takes them. */
  control?(text: string): void;
  /** Whether talk goes to a terminal, and how wide it is. */
  terminal: { columns: number } | undefined;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  openSegmenter(options: Partial<EngineOptions>): Promise<Segmenter>;
  /** CUDA devices of this host; left out, there is none. */
  cudaDevices?(): number;
}
