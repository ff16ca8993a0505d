import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pictures } from '../end-to-end/model.js';

// The compiled program with the real addon and the model in the package, as a user runs it.
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-process-'));
  out = path.join(folder, 'out');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** @param onErr is told of every piece of stderr, with a function that sends a signal */
function invseg(
  args: string[],
  onErr: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data: Buffer) => (text.out += data));
  child.stderr.on('data', (data: Buffer) => {
    text.err += data;
    onErr(text.err, (signal) => child.kill(signal));
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...text })));
}

const { file, categories } = pictures[0]!;
const names = categories.join(',');

describe('invseg', () => {
  it('segments one picture', async () => {
    const {
      code,
      out: stdout,
      err,
    } = await invseg(['segment', file, '--categories', names, '--steps', '2', '--out', out, '--save-maps']);
    expect(err).toContain('completed in');
    expect(code).toBe(0);
    expect(err).not.toContain('\u001b');
    expect(stdout).toContain(`${file}: ${categories[0]} `);
    const stem = path.parse(file).name;
    const files = ['json', 'labels.png', 'maps.npy', 'overlay.png'].map((ending) => `${stem}.${ending}`);
    expect(readdirSync(out).sort()).toEqual(files);
    const report = JSON.parse(readFileSync(path.join(out, `${stem}.json`), 'utf8'));
    expect(report).toMatchObject({ status: 'completed', model: { name: 'miniature' }, options: { steps: 2 } });
  });

  it('segments several, reports the one that fails, and prints JSON that can be parsed', async () => {
    writeFileSync(path.join(folder, 'broken.png'), 'no image');
    copyFileSync(file, path.join(folder, 'good.png'));
    const {
      code,
      out: stdout,
      err,
    } = await invseg(['segment', '*.png', '--categories', names, '--method', 'baseline', '--out', out, '--json']);
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ image, status, error }) => [path.basename(image), status ?? error.code])).toEqual([
      ['broken.png', 'IMAGE_UNREADABLE'],
      ['good.png', 'completed'],
    ]);
    expect(err).toContain('code: IMAGE_UNREADABLE');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s ends it between two steps; what is finished stays', async (signal, exit) => {
    copyFileSync(file, path.join(folder, 'a.png'));
    copyFileSync(file, path.join(folder, 'b.png'));
    // The first picture's line says that it is done; the second one then runs.
    let sent = 0;
    const args = ['segment', 'a.png', 'b.png', '--categories', names, '--steps', '25', '--out', out];
    const ended = await invseg(args, (err, kill) => {
      if (!err.includes('a.png: completed') || sent > 0) return;
      sent = performance.now();
      setTimeout(() => kill(signal), 100);
    });
    expect(performance.now() - sent).toBeLessThan(10_000);
    expect(ended).toMatchObject({ code: exit, signal: null });
    expect(ended.err).toContain('code: ABORTED');
    expect(readdirSync(out).sort()).toEqual(['a.json', 'a.labels.png', 'a.overlay.png']);
  });

  it('refuses wrong usage with 2 and a missing picture with 1, in words', async () => {
    const wrong = await invseg(['segment', file, '--categories', names, '--steps', '-1']);
    expect(wrong).toMatchObject({
      code: 2,
      out: '',
      err: 'error: Expected an integer from 0 to 1000 for steps but received -1\ncode: INVALID_OPTION\n',
    });
    expect(await invseg(['segment', 'none.png', '--categories', 'cat'])).toMatchObject({ code: 1, out: '' });
    expect((await invseg(['segment'])).code).toBe(2);
    expect(
      (await invseg(['segment', file, '--categories', 'cat', '--set', 'attention.inferenceSelf.64=1', '--out', out]))
        .code,
    ).toBe(2);
  });

  it('describes itself', async () => {
    const { code, out: stdout } = await invseg(['info', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      native: { torch: expect.any(String) },
      model: { name: 'miniature', weights: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect((await invseg(['info'])).out).toContain('miniature');
    expect((await invseg(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('a set-up that is there is left alone', async () => {
    const { code, out: stdout } = await invseg(['setup']);
    expect(code).toBe(0);
    expect(stdout).toContain('nothing to do');
  });

  it('a reader that goes away is no failure', async () => {
    const child = spawn(
      process.execPath,
      [main, 'segment', file, '--categories', names, '--method', 'baseline', '--out', out],
      { cwd: folder },
    );
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(readdirSync(out)).toHaveLength(3);
  });

  it
    .skipIf(!existsSync('/dev/full'))
    .each([
      [['info']],
      [['segment', file, '--categories', names, '--method', 'baseline', '--json']],
      [['segment', 'none.png', '--categories', 'cat', '--json']],
    ])('%j: output that has no room is an error in words', async (args) => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    let err = '';
    child.stderr!.on('data', (data: Buffer) => (err += data));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(err).toMatch(/^error: The output cannot be written \(ENOSPC.*\)\ncode: OUTPUT_FAILED$/m);
    expect(err.match(/OUTPUT_FAILED/g)).toHaveLength(1);
    expect(err).not.toMatch(/^ +at /m);
    expect(code).toBe(1);
  });

  it.skipIf(!existsSync('/dev/full'))('talk that has no room is a failure, and the results are there', async () => {
    const full = openSync('/dev/full', 'w');
    const args = ['segment', file, '--categories', names, '--method', 'baseline', '--out', out];
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'ignore', full] });
    closeSync(full);
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(1);
    expect(readdirSync(out)).toHaveLength(3);
  });
});
