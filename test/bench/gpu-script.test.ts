/** `scripts/gpu/run.sh` without a GPU: what it builds, runs and asks are stubs, which fail where a test wants it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/gpu/run.sh', import.meta.url));

let folder: string;
const at = (name: string): string => path.join(folder, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');

function write(name: string, text: string): void {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text, { mode: 0o755 });
}
/** A program that notes how it was called, and then does what `body` says. */
const program = (name: string, body = ''): void =>
  write(name, `#!/bin/sh\necho "${path.basename(name)} $*" >>"${at('calls')}"\n${body}\n`);

/** Does what `body` says, then writes the files of `--save` and `--trace`. */
const bench = (body: string): void =>
  program(
    'work/build/invseg_bench',
    `${body}\necho "timed"\nfor word; do case $last in --save | --trace) echo "{}" >"$word" ;; esac; last=$word; done`,
  );

/** A checkout in which everything is built and made, so that no part has anything to do. */
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'invseg-gpu-script-'));
  mkdirSync(at('scripts/gpu'), { recursive: true });
  copyFileSync(script, at('scripts/gpu/run.sh'));
  write('torch/lib/none', '');
  write('torch/version.py', "__version__ = '2.11.0'\n");
  write('calls', '');
  program('bin/python3', `case "$*" in *'import torch'*) echo "${at('torch')}" ;; esac`);
  program('bin/nvidia-smi');
  program('bin/cmake');
  bench('');
  program('work/build/invseg_tests', 'echo "$1 a_test 0.01 s  ok"');
  write('work/sd21/index.tsv', '');
  for (const name of ['engine', 'losses', 'maps']) write(`native/tests/test_${name}.cc`, '');
  for (const name of ['invseg.node', 'invseg_shim.node']) write(`work/build/${name}`, '');
  program('.gpu/node');
  write('.gpu/node.tar.xz', '');
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Ended {
  status: number | null;
  out: string;
  err: string;
  /** Its last lines: what failed. */
  failed: string[];
  calls: string[];
}

function run(parts: string[], variables: Record<string, string> = {}): Ended {
  const {
    status,
    stdout: out,
    stderr: err,
  } = spawnSync('bash', [at('scripts/gpu/run.sh'), ...parts], {
    encoding: 'utf8',
    env: { PATH: `${at('bin')}:/usr/bin:/bin`, OUT: at('out'), WORK: at('work'), ...variables },
  });
  const failed = (out.split('== failed\n')[1] ?? '').split('\n').filter(Boolean);
  return { status, out, err, failed, calls: read('calls').split('\n').filter(Boolean) };
}

describe('the GPU script', () => {
  it('passes where all parts pass', () => {
    const named = ['batch', 'trace-batch', 'compiled', 'node'];
    const { status, out, failed } = run(['build', 'tests', 'time', 'plain', 'trace', 'peers', 'compare', ...named]);
    expect([status, failed, out.trim().split('\n').at(-1)]).toEqual([0, [], '== all parts passed']);
    expect([existsSync(at('out/trace.json.gz')), existsSync(at('out/trace-batch.json.gz'))]).toEqual([true, true]);
    expect(read('out/time.log')).toBe('timed\n');
  });

  it.each([
    ['an unknown part', ['build', 'tme'], {}, 'no such part: tme'],
    ['a part that needs a GPU, on a CPU', ['time'], { DEVICE: 'cpu' }, 'time needs a GPU'],
    ['another device', [], { DEVICE: 'rocm' }, 'rocm'],
    ['a folder that is not PyTorch', ['build'], { TORCH: '/none' }, '/none'],
  ])('runs nothing for %s', (_, parts, variables, text) => {
    rmSync(at('work/sd21'), { recursive: true });
    const { status, out, err, calls } = run(parts, variables as Record<string, string>);
    expect([status, out, calls]).toEqual([2, '', []]);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(text)]);
  });

  it('says that there is no PyTorch, in a line', () => {
    program('bin/python3', 'echo "Traceback (most recent call last):" >&2; exit 1');
    const { status, out, err } = run(['build']);
    expect([status, out]).toEqual([2, '']);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining('no PyTorch')]);
  });

  it('says what `node` needs', () => {
    rmSync(at('.gpu'), { recursive: true });
    const { status, err } = run(['node']);
    expect([status, err]).toEqual([2, expect.stringContaining('.gpu/node.tar.xz')]);
  });

  it('names the parts that failed, and runs the others', () => {
    bench('case "$*" in *--plain*) echo "no memory"; exit 3 ;; esac');
    write('out/plain.json', '{"of": "an earlier call"}');
    const { status, failed, calls } = run(['plain', 'batch']);
    expect([status, failed]).toEqual([1, ['plain: status 3']]);
    expect(read('out/plain.log')).toBe('no memory\n');
    expect(existsSync(at('out/plain.json'))).toBe(false);
    expect(calls.at(-1)).toContain('--batches');
  });

  it('ends a part whose time is up, and names it', () => {
    program('.gpu/node', 'echo "begun"; exec sleep 60');
    const { status, failed } = run(['node', 'plain'], { NODE_SECONDS: '1' });
    expect([status, failed]).toEqual([1, ['node: its time of 1 s ran out']]);
    expect([read('out/doctor.json'), read('out/plain.log')]).toEqual(['begun\n', 'timed\n']);
  });

  it('makes every measurement of `node`, and tells which failed', () => {
    program('.gpu/node', 'case "$*" in *node-fresh*) exit 4 ;; esac');
    const { status, failed, calls } = run(['node']);
    expect([status, failed]).toEqual([1, ['node: status 1']]);
    expect(calls.filter((call) => call.startsWith('node ')).length).toBe(6);
    expect(read('out/node.log')).toMatch(/^-- FAILED with status 4: invseg bench .*node-fresh/m);
  });

  it('compares every type, and fails where one failed', () => {
    bench('case "$*" in *float16*) exit 1 ;; esac');
    const { status, failed, calls } = run(['compare']);
    expect([status, failed]).toEqual([1, ['compare: status 1']]);
    expect(calls.filter((call) => call.includes('--against')).length).toBe(3);
  });

  it('fails where a test fails, and runs the other files', () => {
    program('work/build/invseg_tests', 'case $1 in test_engine) kill -SEGV $$ ;; esac; echo "$1 a_test 0.01 s  ok"');
    const { status, out, failed } = run(['tests']);
    expect([status, failed.length]).toEqual([1, 1]);
    expect(failed[0]).toMatch(/^tests: status \d+$/);
    expect(out).toContain('2 passed; what failed:\ntest_engine FAILED');
  });

  it('does not run what needs the build or the weights where they failed', () => {
    program('bin/cmake', 'exit 1');
    expect(run(['build', 'tests', 'node']).failed).toEqual([
      'build: status 1',
      'tests: not run, the build failed',
      'node: not run, the build failed',
    ]);
    rmSync(at('work/sd21'), { recursive: true });
    program('bin/python3', `case "$*" in *weights.py*) exit 5 ;; *) echo "${at('torch')}" ;; esac`);
    const { status, failed } = run(['tests', 'plain']);
    expect([status, failed]).toEqual([1, ['weights: status 5', 'plain: not run, the weights could not be made']]);
    rmSync(at('work/build'), { recursive: true });
    expect(run(['tests']).failed).toEqual([expect.stringContaining('name build before it')]);
  });

  it('makes the weights for the parts that need them alone', () => {
    rmSync(at('work/sd21'), { recursive: true });
    expect(run(['build', 'tests']).calls.filter((call) => call.includes('weights.py'))).toEqual([]);
  });

  it('rehearses on a CPU with as little as possible', () => {
    const { status, calls } = run(['node'], { DEVICE: 'cpu' });
    expect(status).toBe(0);
    const [doctor, ...others] = calls.filter((call) => call.startsWith('node '));
    expect(doctor).toContain('doctor');
    expect(others.length).toBe(3);
    for (const bench of others.slice(0, 2))
      expect(bench).toContain('--device cpu --steps 1 --images 1 --warmup 0 --batches none');
    expect(others[2]).toMatch(/evaluate .*--device cpu/);
  });

  it('builds with make where there is no Ninja', () => {
    const configured = (): string =>
      run(['build'])
        .calls.filter((call) => call.startsWith('cmake -S'))
        .at(-1)!;
    program('bin/ninja');
    expect(configured()).toContain('-G Ninja');
    rmSync(at('bin/ninja'));
    // A PATH on which there is none either.
    for (const name of ['bash', 'cat', 'cut', 'dirname', 'mkdir', 'nproc', 'rm', 'sh', 'tail', 'timeout'])
      write(`alone/${name}`, `#!/bin/bash\nexec -a ${name} "$(PATH=/usr/bin:/bin command -v ${name})" "$@"\n`);
    program('alone/python3');
    program('alone/cmake');
    const { calls, status } = run(['build'], { PATH: at('alone'), TORCH: at('torch') });
    expect(status).toBe(0);
    expect(calls.filter((call) => call.startsWith('cmake -S')).at(-1)).not.toContain('-G');
  });

  it('lists every variable that it takes, with its default', () => {
    const text = readFileSync(script, 'utf8');
    const header = text.split('set -uo pipefail')[0]!;
    const taken = [...text.matchAll(/\$\{([A-Z_]+):[-+]|"\$\{([A-Z_]+):=/g)].map(([, a, b]) => a ?? b);
    expect(taken.length).toBeGreaterThan(10);
    for (const name of new Set(taken)) expect(header, name).toMatch(new RegExp(`^# +${name} `, 'm'));
  });
});
