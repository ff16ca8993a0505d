import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openFolder } from '../../lib/evaluation/run-folder.js';
import { Journal } from '../../lib/journal/journal.js';
import { lockFile } from '../../lib/journal/lock.js';
import type { ProcessId } from '../../lib/system/processes.js';
import { ownProcess } from '../../lib/system/processes.js';

let folder: string;
let file: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-lock-'));
  file = path.join(folder, 'journal.jsonl');
  lock = `${file}.lock`;
});
afterEach(() => rmSync(folder, { recursive: true }));

const holds = (holder: Partial<ProcessId & { token: string }>): void =>
  writeFileSync(lock, JSON.stringify({ ...ownProcess(), token: 'aaaaaaaaaaaaaaaa', ...holder }));
const open = () => Journal.open(file, { a: 1 });

it('keeps a second one out until the first has ended, and leaves nothing behind', async () => {
  const journal = await open();
  await expect(open()).rejects.toThrow(
    `${folder}: process ${process.pid} is at work there; wait for it, or name another folder`,
  );
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

it('of another process that had the number before does not count', async () => {
  holds({ started: '1' });
  await (await open())[Symbol.asyncDispose]();
  expect(existsSync(lock)).toBe(false);
});

it('of another host counts while it gives signs of life', async () => {
  const elsewhere = (): void => holds({ host: 'elsewhere', place: 'elsewhere', pid: 7 });
  elsewhere();
  const beating = setInterval(elsewhere, 20);
  try {
    await expect(open()).rejects.toThrow(
      `process 7 of host elsewhere is at work there; wait for it, or name another folder`,
    );
  } finally {
    clearInterval(beating);
  }
});

it('of another host that was killed does not count', async () => {
  holds({ host: 'elsewhere', place: 'elsewhere', pid: 7 });
  utimesSync(lock, 1, 1);
  await (await open())[Symbol.asyncDispose]();
  expect(readdirSync(folder)).toEqual(['journal.jsonl']);
});

it('that another process has taken over keeps this one from writing', async () => {
  const journal = await open();
  await journal.append({ id: 'a' });
  const before = readFileSync(file, 'utf8');
  holds({ host: 'elsewhere', place: 'elsewhere', token: 'bbbbbbbbbbbbbbbb' });
  await expect(journal.append({ id: 'b' })).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining('taken the run over'),
  });
  expect(readFileSync(file, 'utf8')).toBe(before);
  await journal[Symbol.asyncDispose]();
  expect(existsSync(lock), "it is the other one's").toBe(true);
});

it('goes where the journal could not be opened', async () => {
  await (await open())[Symbol.asyncDispose]();
  await expect(Journal.open(file, { a: 2 })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  expect(existsSync(lock)).toBe(false);
});
