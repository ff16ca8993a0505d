/**
 * Kills an evaluation at random moments and starts it again: node scripts/evaluation/kills.mjs [--kills 100] [--seed 1]
 * [--pictures 60]. Every time a run gets to its end, its counts must be, byte for byte, those of a run that nobody killed;
 * then the next one begins. Needs dist/; the engine is a stub, for a kill inside it leaves nothing on the disk.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../../dist/random.js';
import { makeStubData } from './stub.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    pictures: { type: 'string', default: '60' },
  },
});
const [wanted, seed, pictures] = [values.kills, values.seed, values.pictures].map(Number);
const random = new Random(seed);
const folder = mkdtempSync(path.join(tmpdir(), 'invseg-kills-'));
const [root, out] = [path.join(folder, 'data'), path.join(folder, 'out')];
const script = fileURLToPath(new URL('stub-run.mjs', import.meta.url));
const DELAY_MS = 4;

/** @param after ms from when the data set is open to the kill; undefined: none @returns its output, or undefined where it was killed */
function run(target, after) {
  return new Promise((resolve, reject) => {
    const child = fork(script, [root, target, String(DELAY_MS)], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    let output = '';
    child.stdout.on('data', (data) => (output += data));
    if (after !== undefined) child.once('message', () => setTimeout(() => child.kill('SIGKILL'), after));
    child.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(undefined);
      else if (code === 0) resolve(output);
      else reject(new Error(`the evaluation ended with ${code ?? signal}`));
    });
  });
}

const lines = () =>
  existsSync(path.join(out, 'journal.jsonl'))
    ? readFileSync(path.join(out, 'journal.jsonl'), 'utf8').split('\n')
    : [''];
try {
  await makeStubData(root, pictures, 40, 30);
  const began = performance.now();
  const expected = await run(path.join(folder, 'whole'));
  const length = performance.now() - began;
  let [kills, torn, compared] = [0, 0, 0];
  const check = (found) => {
    if (found !== expected) throw new Error(`after ${kills} kills the counts differ`);
    compared++;
    rmSync(out, { recursive: true });
  };
  while (kills < wanted) {
    const found = await run(out, random.uniform(0, length / 2));
    if (found !== undefined) {
      check(found);
      continue;
    }
    kills++;
    if (lines().at(-1) !== '') torn++;
  }
  check(await run(out));
  console.log(JSON.stringify({ kills, torn, compared, pictures, equal: true }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
