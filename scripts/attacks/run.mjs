/**
 * Attacks every reader of something from outside with mutations of right inputs.
 *
 *     node scripts/attacks/run.mjs [--executions 10000] [--seed 1] [--only NAME] [--json]
 *
 * Each reader is in a process of its own whose memory is bounded, so that a bomb fails the attack and not the
 * machine. An execution
 * is told by its number and the seed. Exit code 1 where anything but an error with a code of this package came out.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'boolean' },
    list: { type: 'boolean' },
  },
});
/** Silence of a process that takes it for hung, milliseconds: one execution of five seconds, and the start. */
const SILENCE = 5_000;
const START = 60_000;
/** Writable memory of a process, KiB; V8's reserved addresses are not counted. */
const MEMORY = 2 * 2 ** 20;
const HERE = fileURLToPath(new URL('./', import.meta.url));

const { makeTargets } = await import('./targets.mjs');
const { mkdtempSync, rmSync } = await import('node:fs');
const folder = mkdtempSync(`${(await import('node:os')).tmpdir()}/invseg-attack-`);
const names = Object.keys(await makeTargets(folder)).filter(
  (name) => values.only === undefined || name.includes(values.only),
);
rmSync(folder, { recursive: true });

const results = [];
for (const name of names) {
  const result = await attack(name);
  results.push(result);
  if (!values.json) console.log(line(result));
}
const bad = results.filter(
  ({ crashed, hung, foreign, polluted, unhandled }) => crashed || hung || foreign > 0 || polluted || unhandled > 0,
);
if (values.json) console.log(JSON.stringify(results));
else
  for (const { name, examples, crashed, hung } of bad)
    console.log(JSON.stringify({ name, crashed, hung, examples }, null, 2));
process.exitCode = bad.length > 0 ? 1 : 0;

function attack(name) {
  const began = performance.now();
  return new Promise((resolve) => {
    const command = `ulimit -d ${MEMORY}; exec "$0" "$@"`;
    const args = ['-c', command, process.execPath, `${HERE}target.mjs`, name, values.executions, values.seed];
    const child = spawn('/bin/bash', args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let [at, result, text, hung] = [-1, undefined, '', false];
    child.stderr.on('data', (data) => (text = (text + data).slice(-2000)));
    const watch = () => setTimeout(() => ((hung = true), child.kill('SIGKILL')), at < 0 ? START : SILENCE + 500);
    let timer = watch();
    child.on('message', (message) => {
      clearTimeout(timer);
      if (message.at === undefined) return void (result = message);
      at = message.at;
      timer = watch();
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const seconds = Math.round((performance.now() - began) / 100) / 10;
      const crashed = result === undefined && !hung ? `${signal ?? code} after execution ${at}: ${text}` : undefined;
      resolve({
        name,
        executions: Number(values.executions),
        seconds,
        accepted: 0,
        refused: 0,
        foreign: 0,
        examples: [],
        ...result,
        hung: hung ? `after execution ${at}` : undefined,
        crashed,
      });
    });
  });
}

function line({
  name,
  executions,
  seconds,
  accepted,
  refused,
  foreign,
  slowest = NaN,
  peakMiB,
  hung,
  crashed,
  polluted,
  unhandled,
}) {
  const rest = `${polluted ? ', POLLUTED' : ''}${unhandled ? `, ${unhandled} UNHANDLED` : ''}`;
  const ended = `${accepted} accepted, ${refused} refused, ${foreign} errors of others${rest}`;
  const what = crashed ? `CRASH ${crashed}` : hung ? `HANG ${hung}` : ended;
  return `${name}: ${executions} in ${seconds} s: ${what}; slowest ${slowest.toFixed(0)} ms, ${peakMiB} MiB`;
}
