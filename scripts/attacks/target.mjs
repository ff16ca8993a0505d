/** One target in a process of its own: node scripts/attacks/target.mjs NAME EXECUTIONS SEED. Started by run.mjs. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvSegError, isErrorCode } from '../../dist/errors.js';
import { makeRandom, mutate } from './mutate.mjs';
import { makeTargets } from './targets.mjs';

const [name, executions, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
// In memory where that is a folder: a million files are written.
const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'invseg-attack-'));
const rejections = [];
process.on('unhandledRejection', (error) => rejections.push(String(error)));
const inherited = () =>
  JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).map(String)),
  );
const before = inherited();

const { seeds, attack } = (await makeTargets(folder))[name];
const isJson = (text) => {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
};
const structured = seeds.every((one) => isJson(one.toString('utf8').split('\n')[0]) || isJson(one.toString('utf8')));
const found = { accepted: 0, refused: 0, foreign: 0, examples: [], slowest: 0 };
let told = 0;
for (let i = 0; i < executions; i++) {
  const bytes = mutate(seeds, makeRandom((seed + Math.imul(i, 0x9e3779b1)) >>> 0), structured);
  // A call that never returns is known by its number.
  if (performance.now() - told > 500) {
    told = performance.now();
    process.send?.({ at: i });
  }
  // What waits for a turn of the event loop, such as memory to be given back, has one now and then, as in any process.
  if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  const began = performance.now();
  try {
    await attack(bytes);
    found.accepted++;
  } catch (error) {
    if (error instanceof InvSegError && isErrorCode(error.code) && error.code !== 'INTERNAL') found.refused++;
    else {
      found.foreign++;
      if (found.examples.length < 3)
        found.examples.push({
          execution: i,
          error: String(error?.stack ?? error).slice(0, 400),
          input: bytes.subarray(0, 200).toString('latin1'),
        });
    }
  }
  found.slowest = Math.max(found.slowest, performance.now() - began);
}
await new Promise((resolve) => setTimeout(resolve, 20));
rmSync(folder, { recursive: true, force: true });
process.send?.({ ...found, polluted: inherited() !== before, unhandled: rejections.length, peakMiB: peak() });
process.disconnect?.();

/** Of this process alone; getrusage counts what its parent had when it was forked. */
function peak() {
  const found = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Math.round(Number(found?.[1] ?? NaN) / 1024);
}
