#!/usr/bin/env node
/** The process around the commands: streams, Ctrl-C, exit code. */
import { constants } from 'node:os';
import { Segmenter } from '../segmenter/index.js';
import { countCudaDevices } from './flags/devices.js';
import { runCli } from './program.js';

const interrupt = new AbortController();
let signalled: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one lets the running step end and keeps what is finished; the second one does not wait.
    if (signalled) process.exit(128 + constants.signals[signal]);
    signalled = signal;
    interrupt.abort(signal);
  });
}
// A reader that has gone (`invseg … | head`) is no failure of ours: the files are still written.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
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
process.exitCode = signalled ? 128 + constants.signals[signalled] : code;
