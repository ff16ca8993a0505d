import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Running } from '../../support/cli.js';
import { endAll, journalled, report, start, until } from '../../support/cli.js';
import { RedisServer, whyNoRedis } from '../../support/redis.js';

const missing = whyNoRedis();
const PASSWORD = 'p@ss/w:rd%41"quoted';
const PICTURES = 32;
const pictures = fileURLToPath(new URL('../../../models/miniature-pictures', import.meta.url));

// Processes as on several hosts: the compiled command, each worker with a copy of the pictures in a root of its own.
describe.skipIf(missing !== undefined)('evaluate --queue', { timeout: 180_000 }, () => {
  let folder: string;
  let redis: RedisServer;
  const spoken: Running[] = [];
  const at = (name: string): string => path.join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'invseg-hosts-'));
    redis = await RedisServer.start(PASSWORD);
    for (const root of ['here', 'there']) cpSync(pictures, at(root), { recursive: true });
    const alone = evaluate('alone', PICTURES);
    expect(await alone.ended, alone.text.err).toMatchObject({ code: 0 });
  });
  afterEach(endAll);
  afterAll(async () => {
    await redis.end();
    rmSync(folder, { recursive: true });
  });

  function said(args: string[], env?: NodeJS.ProcessEnv): Running {
    const running = start(args, env);
    spoken.push(running);
    return running;
  }
  const evaluate = (out: string, sample: number, ...more: string[]) =>
    said([
      'evaluate',
      '--dataset',
      'folder',
      '--root',
      at('here'),
      '--sample',
      String(sample),
      '--method',
      'baseline',
      '--threads',
      '1',
      '--out',
      at(out),
      ...more,
    ]);
  const worker = (...more: string[]) =>
    said([
      'worker',
      '--queue',
      redis.url,
      '--dataset',
      'folder',
      '--root',
      at('there'),
      '--threads',
      '1',
      '--take-over',
      '2',
      ...more,
    ]);
  const taking = (one: Running) => until('a worker that takes images', () => one.text.err.includes('taking images'));

  async function keys(): Promise<string[]> {
    const client = redis.client();
    const found = await client.keys('*');
    client.disconnect();
    return found;
  }

  it('counts every picture once: one worker killed, one silent for a while, one late, Redis restarted', async () => {
    const out = at('queue');
    const [killed, silent] = [worker(), worker()];
    const evaluator = evaluate('queue', PICTURES, '--queue', redis.url);
    await Promise.all([killed, silent].map(taking));
    await until('six pictures', () => journalled(out).length >= 6);
    // Each has pictures in hand.
    killed.child.kill('SIGKILL');
    silent.child.kill('SIGSTOP');
    const late = worker('--batch', '4');
    // What the others finished before is in Redis already: only what is counted from here on needs the late one.
    await taking(late);
    const before = journalled(out).length;
    await until('images of the late worker', () => journalled(out).length >= before + 6);
    silent.child.kill('SIGCONT');
    await redis.stop();
    await sleep(300);
    await redis.resume();
    expect(await evaluator.ended, evaluator.text.err).toMatchObject({ code: 0 });
    expect(report(out)).toEqual(report(at('alone')));
    const ids = journalled(out);
    expect([ids.length, new Set(ids).size]).toEqual([PICTURES, PICTURES]);
    expect(evaluator.text.err).toContain('Redis went away; waiting for it');
    for (const one of [silent, late]) {
      await until('the end of the run', () => one.text.err.includes('the run has ended'));
      expect(one.text.err).toContain('Redis is back');
      one.child.kill('SIGINT');
      expect(await one.ended, one.text.err).toMatchObject({ code: 130 });
      expect(one.text.err).toMatch(/[1-9]\d* images\n$/);
    }
    expect(await keys()).toEqual([]);
  });

  it('goes on after the evaluator was killed, and asks for nothing twice', async () => {
    const out = at('killed');
    const evaluator = evaluate('killed', PICTURES, '--queue', redis.url);
    const one = worker('--prefetch', '0');
    await until('five pictures', () => journalled(out).length >= 5);
    evaluator.child.kill('SIGKILL');
    await evaluator.ended;
    const before = journalled(out).length;
    // Nobody collects; the worker goes on with what is in the queue.
    await sleep(500);
    const again = evaluate('killed', PICTURES, '--queue', redis.url);
    expect(await again.ended, again.text.err).toMatchObject({ code: 0 });
    expect(again.text.err).toContain(`resuming after ${before} images`);
    expect(again.text.err).toContain(`${PICTURES - before} images are in the queue`);
    expect(report(out)).toEqual(report(at('alone')));
    one.child.kill('SIGINT');
    expect(await one.ended).toMatchObject({ code: 130 });
    // The picture that was in hand at the kill may be asked for once more, and no other.
    const worked = Number(/(\d+) images\n$/.exec(one.text.err)![1]);
    expect(worked).toBeGreaterThanOrEqual(PICTURES);
    expect(worked).toBeLessThanOrEqual(PICTURES + 1);
    expect(await keys()).toEqual([]);
  });

  it('refuses a worker that counts otherwise, and one that is named to another run', async () => {
    cpSync(pictures, at('small'), { recursive: true });
    rmSync(path.join(at('small'), 'images', '0000.jpg'));
    const evaluator = evaluate('refused', 6, '--queue', redis.url, '--queue-name', 'this-run');
    await until('the queue', () => evaluator.text.err.includes('are in the queue'));
    const clash = evaluate('clash', 7, '--queue', redis.url, '--queue-name', 'this-run');
    const other = said([
      'worker',
      '--queue',
      redis.url,
      '--queue-name',
      'this-run',
      '--dataset',
      'folder',
      '--root',
      at('small'),
      '--threads',
      '1',
      '--dtype',
      'bfloat16',
    ]);
    expect(await other.ended).toMatchObject({ code: 2 });
    expect(other.text.err).toMatch(/this-run: this worker cannot join/);
    expect(other.text.err).toMatch(/dtype: the run has "float32", this worker "bfloat16"; choose another --dtype/);
    expect(other.text.err).toMatch(
      /list: the run has "[0-9a-f]{64}", this worker "[0-9a-f]{64}"; give the same --dataset/,
    );
    expect(await clash.ended).toMatchObject({ code: 2 });
    expect(clash.text.err).toContain('this-run is another run');
    // A Redis that lost everything gets the pictures, and the run, again.
    const client = redis.client();
    await client.flushall();
    await until('the images again', () => evaluator.text.err.includes('Redis had lost 6 images'));
    expect(await client.hkeys('invseg:runs')).toEqual(['this-run']);
    client.disconnect();
    // Ctrl-C leaves nothing behind.
    evaluator.child.kill('SIGINT');
    expect(await evaluator.ended).toMatchObject({ code: 130 });
    expect(await keys()).toEqual([]);
  });

  it('takes the name of a run that nobody waits for with --restart, and removes what was forgotten', async () => {
    const client = redis.client();
    for (const name of ['taken', 'forgotten'])
      await client.hset('invseg:runs', name, JSON.stringify({ settings: { version: '0' }, seen: 0 }));
    await client.hset('invseg:forgotten:meta', 'version', 'bullmq');
    const refused = evaluate('restart', 4, '--queue', redis.url, '--queue-name', 'taken');
    expect(await refused.ended).toMatchObject({ code: 2 });
    expect(refused.text.err).toContain('add --restart');
    const taken = evaluate('restart', 4, '--queue', redis.url, '--queue-name', 'taken', '--restart');
    await until('the queue', () => taken.text.err.includes('4 images are in the queue'));
    expect((await client.keys('invseg:forgotten*')).concat(await client.hkeys('invseg:runs'))).toEqual(['taken']);
    client.disconnect();
    taken.child.kill('SIGINT');
    expect(await taken.ended).toMatchObject({ code: 130 });
    expect(await keys()).toEqual([]);
  });

  it('passes over bad entries, takes part in the run that waits, and serves a few runs at once', async () => {
    const client = redis.client();
    const evaluator = evaluate('bad-entries', 3, '--queue', redis.url, '--queue-name', 'good');
    await until('the queue', () => evaluator.text.err.includes('3 images are in the queue'));
    const { settings } = JSON.parse((await client.hget('invseg:runs', 'good'))!) as { settings: { options: object } };
    const fits = JSON.stringify({ settings, seen: 1 });
    const bad: Record<string, string> = {
      'a:b': fits,
      '\u001b[2J': fits,
      deep: `{"settings":{"version":${'['.repeat(1e5)}${']'.repeat(1e5)}},"seen":1}`,
      list: '{"settings":[],"seen":1}',
      none: JSON.stringify({ settings: { ...settings, classes: { length: 4 } }, seen: 1 }),
      text: JSON.stringify({ settings: { ...settings, options: { toString: 1 } }, seen: 1 }),
      other: JSON.stringify({ settings: { version: { toString: null } }, seen: 1 }),
    };
    for (const [name, text] of Object.entries(bad)) await client.hset('invseg:runs', name, text);
    // Fit, but their keys are of another kind.
    for (const key of ['wait', 'meta', 'marker']) await client.set(`invseg:wrong:${key}`, 'a text');
    for (const name of ['wrong', ...Array.from({ length: 60 }, (_, i) => `copy-${i}`)])
      await client.hset('invseg:runs', name, fits);
    const one = worker('--idle', '5');
    expect(await evaluator.ended, evaluator.text.err).toMatchObject({ code: 0 });
    expect(await one.ended, one.text.err).toMatchObject({ code: 0 });
    expect(one.text.err).toContain('3 images');
    expect(one.text.err.match(/taking images/g)!.length).toBeLessThanOrEqual(17);
    expect(one.text.err).not.toContain('\u001b');
    await client.flushall();
    client.disconnect();
  });

  it('says at once what is wrong with the address', async () => {
    const said = await Promise.all(
      [redis.url.replace('p%40ss', 'other'), redis.url.replace(/:[^/]*@/, ''), 'redis://127.0.0.1:9'].map(
        async (url) => {
          const one = worker('--queue', url);
          expect(await one.ended).toMatchObject({ code: 1 });
          return one.text.err;
        },
      ),
    );
    expect(said[0]).toMatch(/refuses the name or the password/);
    expect(said[1]).toMatch(/wants a password/);
    expect(said[2]).toMatch(/cannot be used \(connect ECONNREFUSED/);
  });

  it('never shows the password', () => {
    const shown = spoken.map(({ text }) => text.out + text.err).join('\n');
    expect(shown).toContain('redis://:***@127.0.0.1');
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), JSON.stringify(PASSWORD).slice(1, -1)])
      expect(shown.includes(secret)).toBe(false);
  });
});
