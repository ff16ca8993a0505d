#!/usr/bin/env node
/** The process around the commands: streams, Ctrl-C, exit code. */
import { constants } from 'node:os';
import { InvSegError } from '../errors.js';
import { Segmenter } from '../segmenter/index.js';
import { countCudaDevices } from './flags/devices.js';
import { runCli } from './program.js';
import { describeError, EXIT } from './terminal/failure.js';

const interrupt = new AbortController();
let signalled: NodeJS.Signals | undefined;
// SIGHUP: the terminal was closed. What is finished is kept and temporary folders go, as with the others.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // The first one lets the running step end and keeps what is finished; the second one does not wait.
    if (signalled) process.exit(128 + constants.signals[signal]);
    signalled = signal;
    interrupt.abort(signal);
  });
}
let lost = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has gone (`invseg … | head`) is no failure of ours: the files are still written.
    if (error.code === 'EPIPE' || lost) return;
    lost = true;
    process.exitCode ||= EXIT.failed;
    const failure = new InvSegError('OUTPUT_FAILED', `The output cannot be written (${error.message})`, {
      cause: error,
    });
    if (stream === process.stdout) process.stderr.write(describeError(failure, process.argv.includes('--debug')));
  });
}

const code = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  terminal: process.stderr.isTTY ? { columns: process.stderr.columns || 80 } : undefined,
  signal: interrupt.signal,
  openSegmenter: (options) => Segmenter.open(options),
  cudaDevices: countCudaDevices,
});
process.exitCode = signalled ? 128 + constants.signals[signalled] : code || (lost ? EXIT.failed : EXIT.ok);
