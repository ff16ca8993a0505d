import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { standardDevices } from '../../lib/cli/flags/devices.js';
import { parseDevices, threadsFor } from '../../lib/evaluation/devices.js';
import { alive, childrenOf, endAll, journalled, report, start, until } from '../support/cli.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), 'invseg-devices-'))));
afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

const evaluate = (name: string, ...more: string[]) =>
  start([
    'evaluate',
    '--dataset',
    'miniature',
    '--sample',
    '14',
    '--method',
    'baseline',
    '--threads',
    '1',
    '--out',
    at(name),
    ...more,
  ]);

describe('--devices', () => {
  it('reads a list of one kind', () => {
    expect(parseDevices('cuda:0, cuda:1')).toEqual(['cuda:0', 'cuda:1']);
    expect(parseDevices('cpu,cpu')).toEqual(['cpu', 'cpu']);
    for (const bad of ['', 'gpu', 'cuda', 'cuda:0,', 'auto'])
      expect(() => parseDevices(bad), bad).toThrow(/Expected cpu or cuda:<index>/);
    expect(() => parseDevices('cpu,cuda:0')).toThrow(/one kind/);
  });

  it('is every CUDA device, where there are several and none is named', () => {
    expect(standardDevices(undefined, () => 3)).toEqual(['cuda:0', 'cuda:1', 'cuda:2']);
    expect(standardDevices('auto', () => 2)).toHaveLength(2);
    for (const [device, count] of [
      [undefined, 1],
      [undefined, 0],
      ['cuda:1', 4],
      ['cpu', 4],
    ] as const)
      expect(standardDevices(device, () => count)).toEqual([]);
  });

  it('shares the cores between engines on the CPU', () => {
    expect(threadsFor(0, ['cpu', 'cpu'])).toBeGreaterThanOrEqual(1);
    expect(threadsFor(3, ['cpu', 'cpu'])).toBe(3);
    expect([threadsFor(0, ['cpu']), threadsFor(0, ['cuda:0', 'cuda:1'])]).toEqual([0, 0]);
  });
});

describe.skipIf(process.platform !== 'linux')('processes', { timeout: 180_000 }, () => {
  it('count what one process counts, also when one is killed', async () => {
    const alone = evaluate('alone');
    expect(await alone.ended, alone.text.err).toMatchObject({ code: 0 });
    const both = evaluate('both', '--devices', 'cpu,cpu');
    await until('three pictures', () => journalled(at('both')).length >= 3);
    process.kill(childrenOf(both.child.pid!)[0]!, 'SIGKILL');
    expect(await both.ended, both.text.err).toMatchObject({ code: 0 });
    expect(both.text.err).toContain('cpu: the process ended (signal SIGKILL), it is started again');
    expect(report(at('both'))).toEqual(report(at('alone')));
    expect(journalled(at('both')).sort()).toEqual(journalled(at('alone')).sort());
  });

  it('count with several pictures in one pass what one at a time counts', async () => {
    const steps = ['--method', 'invseg', '--steps', '2', '--sample', '7'];
    const one = evaluate('one', ...steps);
    expect(await one.ended, one.text.err).toMatchObject({ code: 0 });
    const { losses, ...rest } = report(at('one')) as { losses: { total: number }[] };
    for (const more of [[], ['--devices', 'cpu,cpu']]) {
      const name = `batch-${more.length}`;
      const run = evaluate(name, ...steps, ...more, '--batch', '3');
      expect(await run.ended, run.text.err).toMatchObject({ code: 0 });
      const { losses: others, ...same } = report(at(name)) as { losses: { total: number }[] };
      expect(same).toEqual(rest);
      for (const [i, { total }] of losses.entries()) expect(Math.abs(others[i]!.total - total)).toBeLessThan(1e-5);
    }
  });

  it("take the model's settings of a method, as one process does", async () => {
    for (const [name, ...more] of [['own-1'], ['own-2', '--devices', 'cpu']] as const) {
      const run = evaluate(name, '--method', 'diffseg', '--sample', '2', ...more);
      expect(await run.ended, run.text.err).toMatchObject({ code: 0 });
      expect(report(at(name))).toMatchObject({
        settings: { options: { method: 'diffseg', diffseg: { threshold: 0.15 } } },
      });
    }
    expect(report(at('own-2'))).toEqual(report(at('own-1')));
  });

  it.each([
    ['SIGINT', { code: 130, signal: null }],
    ['SIGHUP', { code: 129, signal: null }],
    ['SIGKILL', { code: null, signal: 'SIGKILL' }],
  ] as const)('end with the command on %s, and it goes on', async (signal, ending) => {
    const first = evaluate(signal, '--devices', 'cpu,cpu');
    await until('three pictures', () => journalled(at(signal)).length >= 3);
    const children = childrenOf(first.child.pid!);
    expect(children.length).toBeGreaterThanOrEqual(2);
    if (signal !== 'SIGKILL') {
      // A terminal sends them to all of its processes; what the children do is up to the command.
      for (const child of children) process.kill(child, signal);
      await sleep(100);
      expect(first.text.err).not.toContain('started again');
    }
    first.child.kill(signal);
    expect(await first.ended, first.text.err).toEqual(ending);
    await until('no child', () => !children.some(alive));
    const before = journalled(at(signal)).length;
    const second = evaluate(signal, '--devices', 'cpu');
    expect(await second.ended, second.text.err).toMatchObject({ code: 0 });
    expect(second.text.err).toContain(`resuming after ${before} images`);
    expect(report(at(signal))).toEqual(report(at('alone')));
  });

  it('say at once what cannot be opened', async () => {
    const { text, ended } = evaluate('none', '--devices', 'cuda:97,cuda:98');
    expect(await ended).toMatchObject({ code: 1 });
    expect(text.err).toMatch(/error: cuda:9\d: .*\ncode: DEVICE_UNAVAILABLE/);
  });
});
