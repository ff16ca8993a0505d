/** Processes whose memory is bounded, so that an attack fails and not the machine. bash and Linux. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Writable memory of a process, KiB; V8's reserved addresses are not counted. */
const MEMORY = 2 * 2 ** 20;

/** @returns a Node process of this script, with a channel for messages; its stderr is a pipe */
export function spawnBounded(script, ...args) {
  return spawn('/bin/bash', ['-c', `ulimit -d ${MEMORY}; exec "$0" "$@"`, process.execPath, script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
}

/** MiB, of this process alone; getrusage counts what its parent had when it was forked. */
export function peakMiB() {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(found?.[1] ?? NaN) / 1024);
}
