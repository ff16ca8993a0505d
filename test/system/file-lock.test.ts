import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLock } from '../../lib/system/file-lock.js';
import type { ProcessId } from '../../lib/system/processes.js';
import { ownProcess } from '../../lib/system/processes.js';

let folder: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-file-lock-'));
  file = path.join(folder, 'x.lock');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const script = fileURLToPath(new URL('./lock-process.mjs', import.meta.url));
const compiled = fileURLToPath(new URL('../../dist/system/file-lock.js', import.meta.url));

/** A process of `lock-process.mjs`, and its answers line by line. */
function start(...task: string[]): { child: ChildProcess; line: () => Promise<string> } {
  const child = spawn(process.execPath, [script, compiled, file, ...task], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value) };
}

const holds = (holder: Partial<ProcessId>, token = 'aaaaaaaaaaaaaaaa', at = file): void =>
  writeFileSync(at, JSON.stringify({ ...ownProcess(), ...holder, token }));
/** As no process that lives: it began before this one's system did. */
const dead = { started: '1' };
const isLock = (taken: FileLock | ProcessId): taken is FileLock => taken instanceof FileLock;
const quick = { beat: 20, lease: 200 };

async function takeAndRelease(timing?: typeof quick): Promise<void> {
  const lock = await FileLock.take(file, timing);
  expect(isLock(lock), JSON.stringify(lock)).toBe(true);
  await (lock as FileLock)[Symbol.asyncDispose]();
  expect(readdirSync(folder)).toEqual([]);
}

it('is held by one, says who, and leaves nothing behind', async () => {
  const lock = (await FileLock.take(file)) as FileLock;
  expect(await FileLock.take(file)).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual(['x.lock']);
  expect(await lock.isHeld()).toBe(true);
  await lock[Symbol.asyncDispose]();
  expect(await lock.isHeld()).toBe(false);
  await takeAndRelease();
});

describe('of a process that ended', () => {
  it('does not count while the process is a zombie', async () => {
    // A shell that becomes another program never asks how its child ended.
    const shell = spawn(
      'sh',
      ['-c', `"${process.execPath}" "${script}" "${compiled}" "${file}" hold & echo $!; exec sleep 600`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    children.push(shell);
    const lines = createInterface({ input: shell.stdout })[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    expect((await lines.next()).value).toBe('got');
    expect(await FileLock.take(file)).toMatchObject({ pid });
    process.kill(pid, 'SIGKILL');
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(() => process.kill(pid, 0), 'the system still knows its number').not.toThrow();
    await takeAndRelease();
  });

  it('does not count where another process has its number', async () => {
    holds(dead);
    await takeAndRelease();
  });

  it('does not count after kill -9', async () => {
    const { child, line } = start('hold');
    expect(await line()).toBe('got');
    expect(await FileLock.take(file)).toMatchObject({ pid: child.pid });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await takeAndRelease();
  });

  it('does not count where one died while taking it over, however often that happened', async () => {
    holds(dead, 'aaaaaaaaaaaaaaaa');
    holds(dead, 'bbbbbbbbbbbbbbbb', `${file}.aaaaaaaaaaaaaaaa.claim`);
    holds(dead, 'cccccccccccccccc', `${file}.aaaaaaaaaaaaaaaa.claim.bbbbbbbbbbbbbbbb.claim`);
    holds(dead, 'dddddddddddddddd', `${file}.eeeeeeeeeeeeeeee.claim`);
    await takeAndRelease();
  });
});

describe('over a dead lock', () => {
  it('lets one of eight calls in, and the others see it', async () => {
    for (let round = 0; round < 50; round++) {
      holds(dead, round.toString(16).padStart(16, '0'));
      const taken = await Promise.all(Array.from({ length: 8 }, () => FileLock.take(file)));
      const locks = taken.filter(isLock);
      expect(locks, `round ${round}`).toHaveLength(1);
      expect(await locks[0]!.isHeld()).toBe(true);
      await locks[0]![Symbol.asyncDispose]();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it('lets one of four processes in at a time', async () => {
    const all = Array.from({ length: 4 }, () => start('race'));
    for (const { line } of all) expect(await line()).toBe('ready');
    for (let round = 0; round < 60; round++) {
      holds(dead, round.toString(16).padStart(16, '0'), `${file}-${round}`);
      for (const { child } of all) child.stdin!.write(`${round}\n`);
      const answers = await Promise.all(all.map(({ line }) => line()));
      expect(answers, `round ${round}`).toContain('got');
      expect(answers, `round ${round}`).not.toContain('shared');
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('of a process that cannot be looked at', () => {
  const elsewhere = { host: 'elsewhere', place: 'elsewhere' };

  it('counts while it gives signs of life', async () => {
    holds(elsewhere);
    const beating = setInterval(() => holds(elsewhere), 20);
    try {
      expect(await FileLock.take(file, quick)).toMatchObject({ host: 'elsewhere' });
    } finally {
      clearInterval(beating);
    }
  });

  it('does not count once it was silent for the lease', async () => {
    holds(elsewhere);
    await takeAndRelease(quick);
    // One that was silent for long is not waited for.
    holds(elsewhere);
    utimesSync(file, 1, 1);
    await takeAndRelease();
  });

  it('that comes back after another one took over does not hold it, and leaves it alone', async () => {
    const first = (await FileLock.take(file)) as FileLock;
    const { token } = JSON.parse(readFileSync(file, 'utf8')) as { token: string };
    // As a process of another host sees it that was suspended meanwhile.
    holds(elsewhere, token);
    utimesSync(file, 1, 1);
    const second = (await FileLock.take(file)) as FileLock;
    expect([await first.isHeld(), await second.isHeld()]).toEqual([false, true]);
    await first[Symbol.asyncDispose]();
    expect(await second.isHeld()).toBe(true);
    await second[Symbol.asyncDispose]();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives a sign of life by itself', async () => {
    const lock = (await FileLock.take(file, quick)) as FileLock;
    utimesSync(file, 1, 1);
    while (statSync(file).mtimeMs < 10_000) await new Promise((resolve) => setTimeout(resolve, 5));
    await lock[Symbol.asyncDispose]();
    expect(existsSync(file)).toBe(false);
  });
});

it.each(['', '{', 'null', '{"pid": 1}', '{"host": "h", "place": "p", "pid": 1, "token": "../../x"}'])(
  'a text that is no lock (%j) goes by its age',
  async (text) => {
    writeFileSync(file, text);
    utimesSync(file, 1, 1);
    await takeAndRelease();
  },
);

it('is an error where it is a link to nowhere', async () => {
  symlinkSync(path.join(folder, 'nowhere', 'at', 'all'), file);
  await expect(FileLock.take(file)).rejects.toThrow('link to nowhere');
});

it('is an error, and not waited for, where it is a pipe', async () => {
  execFileSync('mkfifo', [file]);
  await expect(FileLock.take(file)).rejects.toThrow(`${file}: it is not a regular file`);
});

it('goes by its age where it is larger than any lock, and is not read whole', async () => {
  holds(dead);
  truncateSync(file, 2 ** 40);
  await takeAndRelease(quick);
});
