/** The command in this process, with what it wrote; `start` of cli.ts runs the compiled one. */

import { runCli } from '../../lib/cli/program.js';
import type { Io } from '../../lib/cli/terminal/io.js';

export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Without `openSegmenter` a command that opens a model fails; without `terminal` its output goes to files. */
export async function command(args: readonly string[], io: Partial<Omit<Io, 'out' | 'err'>> = {}): Promise<Said> {
  const said = { out: '', err: '' };
  const code = await runCli([...args], {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    terminal: undefined,
    signal: new AbortController().signal,
    openSegmenter: () => Promise.reject(new Error('this test has no model')),
    ...io,
  });
  return { code, ...said };
}
