/** Ending a process or a worker thread while a job of several seconds runs on an engine's thread. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const JOB = fileURLToPath(new URL('../../scripts/attacks/exit-job.mjs', import.meta.url));
/** The job itself takes longer than this. */
const PROMPT = 3000;

interface Ended {
  code: number | null;
  signal: string | null;
  output: string;
  /** Milliseconds from the line `running` to the end. */
  after: number;
}

function run(ending: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [JOB, ending], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let running = NaN;
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.includes('running')) running ||= performance.now();
    });
    child.once('close', (code, signal) => resolve({ code, signal, output, after: performance.now() - running }));
  });
}

describe('a process', () => {
  it('ends with its own status at process.exit', async () => {
    const { code, signal, output, after } = await run('exit');
    expect({ code, signal }, output).toEqual({ code: 7, signal: null });
    expect(after).toBeLessThan(PROMPT);
  });

  it('ends at an error that nobody catches, and says so', async () => {
    const { code, signal, output, after } = await run('throw');
    expect({ code, signal }, output).toEqual({ code: 1, signal: null });
    expect(output).toContain('thrown while a job runs');
    expect(after).toBeLessThan(PROMPT);
  });

  it('ends at a signal', async () => {
    const { signal, after } = await run('kill');
    expect(signal).toBe('SIGTERM');
    expect(after).toBeLessThan(PROMPT);
  });

  it('stays alive for a job and ends by itself after it, without any dispose', async () => {
    const { code, output } = await run('return');
    expect(output).toBe('finite true\n');
    expect(code).toBe(0);
  });
});

describe('a worker thread', () => {
  const start = async (): Promise<Worker> => {
    const worker = new Worker(JOB, { workerData: 'wait' });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    return worker;
  };

  it('can be terminated, and another one works after it', async () => {
    const worker = await start();
    const began = performance.now();
    await worker.terminate();
    expect(performance.now() - began).toBeLessThan(PROMPT);
    const next = new Worker(JOB, { workerData: 'return' });
    const messages: unknown[] = [];
    next.on('message', (message) => messages.push(message));
    expect(await new Promise((resolve, reject) => next.once('exit', resolve).once('error', reject))).toBe(0);
    expect(messages).toContain('finite true');
  });

  it('that calls process.exit ends alone', async () => {
    const worker = new Worker(JOB, { workerData: 'exit' });
    expect(await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))).toBe(7);
  });
});
