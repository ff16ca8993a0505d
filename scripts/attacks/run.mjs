/**
 * Attacks every reader of something from outside with mutations of right inputs.
 *
 *     node scripts/attacks/run.mjs [--executions 10000] [--seed 1] [--only NAME]... [--resume FILE] [--json] [--list]
 *
 * Each reader is in a process of its own whose memory is bounded, so that a bomb fails the attack and not the
 * machine. An execution is told by its number and the seed. With `--resume` the results are kept in FILE, and those
 * that are there already are not found again. Exit code 1 where anything but an error with a code of this package came
 * out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { spawnBounded } from './bounded.mjs';
import { makeTargets } from './targets.mjs';
import { add, isBad, State } from './totals.mjs';

const { values } = parseArgs({
  options: {
    executions: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    resume: { type: 'string' },
    json: { type: 'boolean' },
    list: { type: 'boolean' },
  },
});
/** Silence of a process that takes it for hung, milliseconds: one execution of five seconds, and the start. */
const SILENCE = 5_000;
const START = 60_000;
const executions = Number(values.executions);
const state = new State(values.resume, Number(values.seed));

const names = chosen(await allNames(), values.only);
if (values.list) console.log(names.join('\n'));
else {
  const results = [];
  for (const name of names) {
    const result = await attack(name);
    results.push(result);
    if (!values.json) console.log(line(result));
  }
  const bad = results.filter(isBad);
  if (values.json) console.log(JSON.stringify(results));
  else
    for (const { name, examples, crashed, hung } of bad)
      console.log(JSON.stringify({ name, crashed, hung, examples }, null, 2));
  process.exitCode = bad.length > 0 ? 1 : 0;
}

async function allNames() {
  const folder = mkdtempSync(path.join(tmpdir(), 'invseg-attack-'));
  try {
    return Object.keys(await makeTargets(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Readers of exactly one of these names, or with one in theirs where none is called so. */
function chosen(all, only) {
  if (only === undefined) return all;
  const found = new Set(only.flatMap((one) => (all.includes(one) ? [one] : all.filter((name) => name.includes(one)))));
  if (found.size === 0) throw new Error(`expected a reader's name for --only; --list says them`);
  return all.filter((name) => found.has(name));
}

/** A reader's executions that are not done yet, in a process. */
function attack(name) {
  const before = state.of(name);
  if (before.executions >= executions || isBad(before)) return before;
  return new Promise((resolve) => {
    const child = spawnBounded(
      fileURLToPath(new URL('target.mjs', import.meta.url)),
      name,
      ...[before.executions, executions, values.seed].map(String),
    );
    let [at, result, text, hung] = [-1, before, '', false];
    child.stderr.on('data', (data) => (text = (text + data).slice(-2000)));
    const watch = () => setTimeout(() => ((hung = true), child.kill('SIGKILL')), at < 0 ? START : SILENCE + 500);
    let timer = watch();
    child.on('message', (message) => {
      clearTimeout(timer);
      if (message.part) {
        result = add(result, message.part);
        state.keep(result);
      } else at = message.at;
      timer = watch();
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const after = `after execution ${at}`;
      const crashed = !hung && result.executions < executions;
      const ended = {
        ...result,
        ...(hung && { hung: after }),
        ...(crashed && { crashed: `${signal ?? code} ${after}: ${text}` }),
      };
      if (hung || crashed) state.keep(ended);
      resolve(ended);
    });
  });
}

function line(result) {
  const { name, executions, seconds, accepted, refused, foreign, slowest, peakMiB } = result;
  const { hung, crashed, polluted, unhandled } = result;
  const rest = `${polluted ? ', POLLUTED' : ''}${unhandled ? `, ${unhandled} UNHANDLED` : ''}`;
  const ended = `${accepted} accepted, ${refused} refused, ${foreign} errors of others${rest}`;
  const what = crashed ? `CRASH ${crashed}` : hung ? `HANG ${hung}` : ended;
  return `${name}: ${executions} in ${seconds} s: ${what}; slowest ${slowest.toFixed(0)} ms, ${peakMiB} MiB`;
}
