/** The compiled command as a user runs it, and what its processes leave behind. */

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Running {
  readonly child: ChildProcess;
  readonly text: { out: string; err: string };
  readonly ended: Promise<Ended>;
}

const running = new Set<ChildProcess>();

export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data));
  child.stderr.on('data', (data: Buffer) => (text.err += data));
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    }),
  );
  return { child, text, ended };
}

/** After a test that failed on its way. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** @returns when it is so; asks every 20 ms, and gives up after a minute */
export async function until(what: string, reached: () => boolean): Promise<void> {
  for (let asked = 0; asked < 3000; asked++) {
    if (reached()) return;
    await sleep(20);
  }
  throw new Error(`waited a minute in vain for: ${what}`);
}

/** Pictures in the journal, whole lines only. */
export function journalled(out: string): string[] {
  const file = path.join(out, 'journal.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(1, -1);
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

/** `report.json` without what no two runs share. */
export function report(out: string): Record<string, unknown> {
  const { milliseconds: _, ...rest } = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  return rest;
}

/** Of a process, where the system says so (Linux). */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
