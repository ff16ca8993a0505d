/**
 * Ends an evaluation at random moments and starts it again, until it gets to its end; then its counts must be, byte for
 * byte, those of a run that nobody ended, and the next one begins.
 *
 *     node scripts/attacks/kills.mjs [--rounds 100] [--seed 1] [--images 60] [--engine] [--json]
 *
 * A round is one SIGKILL or SIGTERM, by the seed. Without `--engine` a stub is in the place of the engine, and most of a
 * run's time is the journal's; with it the command line evaluates the model in the package, which ends by itself at a
 * SIGTERM. Needs dist/. Exit code 1 where counts differ or a run fails.
 */
import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readRun } from '../../dist/evaluation/index.js';
import { Random } from '../../dist/random.js';
import { makeStubData } from '../evaluation/stub.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    images: { type: 'string', default: '60' },
    engine: { type: 'boolean' },
    json: { type: 'boolean' },
  },
});
const [rounds, seed, images] = [values.rounds, values.seed, values.images].map(Number);
const random = new Random(seed);
const folder = mkdtempSync(path.join(tmpdir(), 'invseg-kills-'));
const [root, out] = [path.join(folder, 'data'), path.join(folder, 'out')];
const at = (name) => fileURLToPath(new URL(name, import.meta.url));
const SIGNALS = ['SIGKILL', 'SIGTERM'];
/** What the stub takes for an image, milliseconds. */
const DELAY = 4;

const command = values.engine
  ? (target) => [
      at('../../dist/cli/main.js'),
      ['evaluate', '--dataset', 'folder', '--root', root, '--out', target, '--device', 'cpu', '--threads', '1'].concat([
        '--names',
        'ground-truth',
        '--steps',
        '1',
        '--set',
        'views.count=1',
      ]),
    ]
  : (target) => [at('../evaluation/stub-run.mjs'), [root, target, String(DELAY)]];

/** @param end when and how; undefined: not at all @returns whether it got to its end */
function run(target, end) {
  return new Promise((resolve, reject) => {
    const [script, args] = command(target);
    const child = fork(script, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let text = '';
    child.stderr.on('data', (data) => (text = (text + data).slice(-2000)));
    const timer = end && setTimeout(() => child.kill(end.signal), end.after);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(true);
      // 143 is how a command says that it ended because of a SIGTERM.
      else if (end && (signal === end.signal || (end.signal === 'SIGTERM' && code === 143))) resolve(false);
      else reject(new Error(`the evaluation ended with ${signal ?? code}: ${text}`));
    });
  });
}

/** What a run counted, without what its time and its place are. */
async function counts(target) {
  const { mIoU, perClass, confusion, skipped, losses, worst, best } = await readRun(target, { samples: 200 });
  return JSON.stringify({ mIoU, perClass, confusion, skipped, losses, worst, best });
}

const journal = path.join(out, 'journal.jsonl');
const torn = () => existsSync(journal) && !readFileSync(journal, 'utf8').endsWith('\n');
const ends = { SIGKILL: 0, SIGTERM: 0 };
const found = { rounds: 0, ends, torn: 0, compared: 0, images, engine: values.engine ?? false, equal: true };

async function compare(expected) {
  const equal = (await counts(out)) === expected;
  found.compared++;
  found.equal &&= equal;
  rmSync(out, { recursive: true });
}

try {
  await makeStubData(root, images, 40, 30);
  const began = performance.now();
  const whole = path.join(folder, 'whole');
  await run(whole);
  const length = performance.now() - began;
  const expected = await counts(whole);
  while (found.rounds < rounds && found.equal) {
    const signal = SIGNALS[Math.floor(random.uniform(0, SIGNALS.length))];
    // From the start of the process: loading, opening the journal and going on are moments too.
    if (await run(out, { signal, after: random.uniform(0, length) })) {
      await compare(expected);
      continue;
    }
    found.rounds++;
    ends[signal]++;
    if (torn()) found.torn++;
  }
  if (found.equal) {
    await run(out);
    await compare(expected);
  }
  console.log(values.json ? JSON.stringify(found) : report(found));
  process.exitCode = found.equal ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function report({ rounds, torn, compared, equal }) {
  const how = `${ends.SIGKILL} by SIGKILL, ${ends.SIGTERM} by SIGTERM, ${torn} within a line of the journal`;
  const what = equal ? 'the same counts each' : 'OTHER COUNTS in the last one';
  return `${rounds} ends (${how}); ${compared} runs of ${images} images got to theirs: ${what}`;
}
