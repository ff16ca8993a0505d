/**
 * A process of the lock's tests: `lock-process.mjs <module> <lock> hold` takes it and stays; `… race <rounds>` takes part in rounds that
 * begin with a line on standard input. Answers a line a round: `got`, `busy`, or `shared` where somebody else was inside as well.
 */
import { closeSync, openSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [module, lock, task] = process.argv.slice(2);
const { FileLock } = await import(module);
const say = (text) => process.stdout.write(`${text}\n`);

if (task === 'hold') {
  const taken = await FileLock.take(lock);
  say(taken instanceof FileLock ? 'got' : 'busy');
  setInterval(() => {}, 1000);
} else {
  say('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const taken = await FileLock.take(`${lock}-${line}`);
    if (!(taken instanceof FileLock)) {
      say('busy');
      continue;
    }
    let answer = 'got';
    const inside = `${lock}-${line}.inside`;
    try {
      closeSync(openSync(inside, 'wx'));
      await sleep(10);
      rmSync(inside);
    } catch {
      answer = 'shared';
    }
    await taken[Symbol.asyncDispose]();
    say(answer);
  }
}
