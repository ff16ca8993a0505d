/**
 * Ends processes while the engine works, in ways that pass by what the package does at an end: each has to end with the
 * status that Node gives it, and never by a signal.
 *
 *     node scripts/attacks/exits.mjs [--rounds 12] [--seed 1] [--json]
 *
 * The seed gives the moment of each end. Needs dist/ and the addon.
 */
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeRandom } from './mutate.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean' },
  },
});
const JOB = fileURLToPath(new URL('exit-job.mjs', import.meta.url));
const AT_ONCE = 3;
/** Milliseconds of work before the end, at most. */
const LONGEST = 400;
const random = makeRandom(Number(values.seed));

/** What Node itself makes of a listener that throws. */
const thrown = spawnSync(process.execPath, ['--eval', "process.on('exit', () => { throw 1 }); process.exit(7)"]).status;
/** Ending → its name in exit-job.mjs, and the status. */
const endings = {
  'a listener of exit throws': ['listener-throws', thrown],
  'a listener of exit calls process.exit': ['listener-exits', 9],
  'the listeners of exit were removed': ['no-listeners', 7],
  'process.reallyExit is called': ['really-exit', 7],
};

const results = [];
for (const [name, [ending, status]] of Object.entries(endings)) {
  const ended = {};
  let example;
  for (let left = Number(values.rounds); left > 0; left -= AT_ONCE) {
    const runs = Array.from({ length: Math.min(left, AT_ONCE) }, () => run(ending, random.below(LONGEST)));
    for (const { how, output } of await Promise.all(runs)) {
      ended[how] = (ended[how] ?? 0) + 1;
      if (how !== String(status)) example ??= output;
    }
  }
  const right = ended[status] === Number(values.rounds);
  results.push({
    name,
    rounds: Number(values.rounds),
    status,
    ended,
    right,
    ...(example !== undefined && { example }),
  });
  if (!values.json) console.log(JSON.stringify(results.at(-1)));
}
if (values.json) console.log(JSON.stringify(results));
process.exitCode = results.every(({ right }) => right) ? 0 : 1;

/** @returns its status or signal; a process that ended before it worked is neither */
function run(ending, after) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [JOB, ending, String(after)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    child.once('close', (code, signal) =>
      resolve({ how: output.includes('running') ? String(signal ?? code) : 'before it worked', output }),
    );
  });
}
