/** `invseg bench` with a fake engine: which model it opens, and what it refuses before it opens one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runCli } from '../../lib/cli/program.js';
import type { EngineOptions } from '../../lib/options/index.js';
import { Segmenter } from '../../lib/segmenter/segmenter.js';
import { FakeEngine, fakeParts } from '../segmenter/fake.js';

const folder = mkdtempSync(path.join(tmpdir(), 'invseg-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function invseg(
  ...args: string[]
): Promise<{ code: number; out: string; err: string; opened: Partial<EngineOptions>[] }> {
  const text = { out: '', err: '' };
  const opened: Partial<EngineOptions>[] = [];
  const code = await runCli(['bench', '--images', '1', '--warmup', '0', '--steps', '1', ...args], {
    out: (more) => void (text.out += more),
    err: (more) => void (text.err += more),
    terminal: undefined,
    signal: new AbortController().signal,
    openSegmenter: (options) => {
      opened.push(options);
      return Promise.resolve(Segmenter.of(fakeParts(new FakeEngine())));
    },
  });
  return { code, ...text, opened };
}

it('opens the model of its flags, whose code is trusted only where they say so', async () => {
  const plain = await invseg('--threads', '2');
  expect([plain.code, plain.err]).toEqual([0, 'image 1/1\n']);
  expect(plain.opened).toMatchObject([{ device: 'auto', threads: 2, trustCode: false, copyWeights: false }]);
  expect(plain.out).toContain('images/s');
  const trusted = await invseg('--model', 'somewhere', '--trust-code', '--copy-weights');
  expect(trusted.opened).toMatchObject([{ model: 'somewhere', trustCode: true, copyWeights: true }]);
});

it('compares with figures that it wrote', async () => {
  const file = path.join(folder, 'figures.json');
  expect((await invseg('--json', file)).code).toBe(0);
  expect((await invseg('--against', file, '--threshold', '1000')).out).toContain('no stage is slower');
});

it('refuses figures that are none before it opens a model', async () => {
  const deep = path.join(folder, 'deep.json');
  writeFileSync(deep, '['.repeat(100_000) + ']'.repeat(100_000));
  const pipe = path.join(folder, 'pipe.json');
  execFileSync('mkfifo', [pipe]);
  for (const [file, why] of [
    [deep, 'nested deeper'],
    [pipe, 'not a regular file'],
    [folder, 'a folder'],
    [path.join(folder, 'none'), 'no such file'],
  ] as const) {
    const { code, err, opened } = await invseg('--against', file);
    expect([code, opened]).toEqual([2, []]);
    expect(err).toContain(why);
  }
});

it('refuses a place for its figures, and counts, before it opens a model', async () => {
  for (const [args, why] of [
    [['--json', folder], 'it is a folder'],
    [['--json', path.join(folder, 'none', 'x.json')], 'its folder is not there'],
    [['--images', '0'], '--images'],
    [['--warmup', '-1'], '--warmup'],
    [['--threshold', ''], '--threshold'],
  ] as const) {
    const { code, err, opened } = await invseg(...args);
    expect(code).not.toBe(0);
    expect(opened).toEqual([]);
    expect(err).toContain(why);
  }
});
