/** Runs the tools that the set-up needs, and says in one sentence which one is missing and how to get it. */
import { spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { InvSegError } from '../errors.js';
import { makeFolderSync } from '../system/index.js';

/** Takes one line for the user. */
export type Log = (line: string) => void;

const TAIL_LINES = 25;

/** The file that a command's name leads to, or undefined. */
function which(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (name.includes(path.sep)) return isExecutable(name) ? name : undefined;
  return (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The first of `names` that is on the PATH.
 *
 * @param wayOut how to get it, as the second half of a sentence
 * @throws {InvSegError} `TOOL_MISSING`
 */
export function requireTool(names: readonly string[], what: string, wayOut: string, env = process.env): string {
  for (const name of names) {
    const found = which(name, env);
    if (found) return found;
  }
  throw new InvSegError('TOOL_MISSING', `${what} is needed and ${names.join(' or ')} is not on the PATH: ${wayOut}.`);
}

export interface ToolRun {
  command: string;
  args: readonly string[];
  /** Takes the whole output; a failure names it. */
  logFile: string;
  /** What the tool was to do, as in “could not …”. */
  purpose: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
  /** What of the arguments and the output is not to be shown, nor written to the log. */
  mask?: (text: string) => string;
  /** A way out that fits the output of a failed run. */
  advice?: (output: string) => string | undefined;
}

/**
 * Runs a tool to its end.
 *
 * @throws {InvSegError} `TOOL_MISSING` where it cannot be started, `SETUP_FAILED` with the end of its output where it fails
 */
export async function runTool(run: ToolRun): Promise<void> {
  makeFolderSync(path.dirname(run.logFile));
  const log = createWriteStream(run.logFile);
  const tail: string[] = [];
  const line = (raw: string): void => {
    const text = run.mask?.(raw) ?? raw;
    log.write(`${text}\n`);
    tail.push(text);
    // Errors of a compiler are long; the advice looks at more than what is shown.
    if (tail.length > 400) tail.shift();
    run.onLine?.(text);
  };
  line(`$ ${[run.command, ...run.args].join(' ')}`);
  const child = spawn(run.command, run.args, {
    cwd: run.cwd,
    env: run.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', line);
  const end = await new Promise<{ code: number | null; signal: string | null } | Error>((resolve) => {
    child.once('error', resolve);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  log.end();
  await finished(log);
  if (end instanceof Error) {
    const message = `${run.command} could not be started to ${run.purpose}: ${end.message}.`;
    throw new InvSegError('TOOL_MISSING', message, { cause: end });
  }
  if (end.code === 0) return;
  const advice = run.advice?.(tail.join('\n'));
  const how = end.signal ? `was ended by ${end.signal}` : `ended with status ${end.code}`;
  throw new InvSegError(
    'SETUP_FAILED',
    `Could not ${run.purpose}: ${path.basename(run.command)} ${how}.${advice ? ` ${advice}` : ''} ` +
      `The whole output is in ${run.logFile}; its end:\n${tail
        .slice(-TAIL_LINES)
        .map((text) => `  ${text}`)
        .join('\n')}`,
  );
}

/** Runs `work`, telling what it does and how long that took. */
export async function step<T>(log: Log, what: string, work: () => Promise<T>): Promise<T> {
  log(`${what} …`);
  const start = performance.now();
  const result = await work();
  log(`${what}: done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}
