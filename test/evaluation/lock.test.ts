import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal } from '../../lib/evaluation/index.js';
import { lockFile } from '../../lib/evaluation/lock.js';
import { openFolder } from '../../lib/evaluation/run-folder.js';

let folder: string;
let file: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-lock-'));
  file = path.join(folder, 'journal.jsonl');
  lock = `${file}.lock`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const holds = (holder: unknown): void => writeFileSync(lock, JSON.stringify(holder));
const open = () => Journal.open(file, { a: 1 });

it('keeps a second one out until the first has ended, and leaves nothing behind', async () => {
  const journal = await open();
  await expect(open()).rejects.toThrow(`${folder}: process ${process.pid} is at work there; wait for it, or name another folder`);
  await expect(openFolder(folder, true)).rejects.toMatchObject({ code: 'OUTPUT_FAILED' });
  expect(readFileSync(file, 'utf8')).toContain('settings');
  await journal[Symbol.asyncDispose]();
  await (await open())[Symbol.asyncDispose]();
  expect(readdirSync(folder)).toEqual(['journal.jsonl']);
});

it('of ten at once lets one in', async () => {
  const locks = await Promise.allSettled(Array.from({ length: 10 }, () => lockFile(file)));
  expect(locks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('of a process that was killed does not count', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  holds({ host: hostname(), pid: child.pid, started: null });
  await expect(open()).rejects.toThrow(`process ${child.pid} is at work`);
  child.kill('SIGKILL');
  await ended;
  await (await open())[Symbol.asyncDispose]();
  expect(existsSync(lock)).toBe(false);
});

it.runIf(process.platform === 'linux')('of another process that had the number before does not count', async () => {
  holds({ host: hostname(), pid: process.pid, started: '1' });
  await (await open())[Symbol.asyncDispose]();
});

it.each(['', '{', 'null', '{"pid": 1}'])('that is no lock (%j) does not count', async (text) => {
  writeFileSync(lock, text);
  await (await open())[Symbol.asyncDispose]();
});

it('of another host counts, with the way out', async () => {
  holds({ host: 'elsewhere', pid: 7, started: null });
  await expect(open()).rejects.toThrow(`process 7 of host elsewhere is at work there; name another folder, or, if it has ended, delete ${lock}`);
});

it('goes where the journal could not be opened', async () => {
  await (await open())[Symbol.asyncDispose]();
  await expect(Journal.open(file, { a: 2 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(existsSync(lock)).toBe(false);
});
