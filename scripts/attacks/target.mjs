/**
 * One target in a process of its own: node scripts/attacks/target.mjs NAME FROM TO SEED. Started by run.mjs, which it
 * sends what it found, part by part.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InvSegError, isErrorCode } from '../../dist/errors.js';
import { peakMiB } from './bounded.mjs';
import { makeRandom, mutate } from './mutate.mjs';
import { makeTargets } from './targets.mjs';
import { nothing } from './totals.mjs';

const name = process.argv[2];
const [from, to, seed] = process.argv.slice(3).map(Number);
/** Executions that are found again where a run was ended. */
const PART = 25_000;
// In memory where that is a folder: a million files are written.
const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'invseg-attack-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);
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

// Mutations of an input that is refused anyway reach nothing behind that.
for (const one of seeds) await attack(Buffer.from(one));

let told = 0;
for (let start = from; start < to; start += PART) await send(await executed(start, Math.min(to, start + PART)));
process.disconnect?.();

/** @returns what executions `start` to `end` − 1 came to */
async function executed(start, end) {
  const began = performance.now();
  const found = { ...nothing(name), executions: end - start };
  for (let i = start; i < end; i++) {
    const bytes = mutate(seeds, makeRandom((seed + Math.imul(i, 0x9e3779b1)) >>> 0), structured);
    // A call that never returns is known by its number.
    if (performance.now() - told > 500) {
      told = performance.now();
      process.send?.({ at: i });
    }
    // What waits for a turn of the event loop, such as memory to be given back, has one now and then, as in any process.
    if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    const called = performance.now();
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
    found.slowest = Math.max(found.slowest, performance.now() - called);
  }
  // A rejection that nobody handles is told of after a turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  const rejected = unhandled;
  unhandled = 0;
  const seconds = (performance.now() - began) / 1000;
  return { ...found, seconds, unhandled: rejected, polluted: inherited() !== before, peakMiB: peakMiB() };
}

function send(part) {
  return new Promise((resolve) => {
    if (process.send) process.send({ part }, resolve);
    else resolve(console.log(JSON.stringify(part)));
  });
}
