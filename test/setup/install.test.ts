import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LIBTORCH_PIN, libtorchCache } from '../../lib/native/places.js';
import { installedRoot, installLibtorch } from '../../lib/setup/install.js';
import { fakeTool, temporaryFolder, withEnvironment } from './fakes.js';

let folder: string;
let cache: string;
const lines: string[] = [];
const log = (line: string): void => void lines.push(line);

beforeEach(() => {
  folder = temporaryFolder();
  lines.length = 0;
  withEnvironment({
    PATH: `${path.join(folder, 'bin')}${path.delimiter}/usr/bin${path.delimiter}/bin`,
    INVSEG_CACHE: path.join(folder, 'cache'),
    INVSEG_PIP_ARGS: undefined,
    INVSEG_PIP_REQUIREMENTS: undefined,
    PIP_EXTRA_INDEX_URL: undefined,
  });
  cache = libtorchCache();
});

/**
 * A python3 that answers what the set-up asks, makes "environments" with a copy of itself and "installs" torch by making its
 * folder. Every call is a line of `calls`.
 */
function fakePython({ version = '3.12 True', pip = 'exit 0' } = {}): void {
  const script = `
echo "$*" >> '${calls()}'
case "$*" in
  *sys.version_info*) echo '${version}' ;;
  *"-m venv"*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python3" ;;
  *find_spec*) echo "$(dirname "$0")/../lib/python3.12/site-packages/torch" ;;
  *"pip install"*) mkdir -p "$(dirname "$0")/../lib/python3.12/site-packages/torch"; sleep 0.2; ${pip} ;;
esac`;
  fakeTool(path.join(folder, 'bin'), 'python3', script);
}

function calls(): string {
  return path.join(folder, 'calls');
}

function pipRuns(): string[] {
  return readFileSync(calls(), 'utf8')
    .split('\n')
    .filter((line) => line.includes('pip install'));
}

async function failure(): Promise<{ code: string; message: string }> {
  return (await installLibtorch(cache, log).then(
    () => undefined,
    (error: unknown) => error,
  )) as { code: string; message: string };
}

it('keeps tokens out of what is shown and out of the log, and hands them to pip', async () => {
  const pip = 'echo "Looking in indexes: $*"; echo "proxy s3cr%2Ft s3cr/t tok-123"; exit 1';
  fakePython({ pip });
  withEnvironment({
    INVSEG_PIP_ARGS: '--index-url https://alice:s3cr%2Ft@index.example/simple?key=tok-123',
    PIP_EXTRA_INDEX_URL: 'https://__token__:pypi-AgEI@other.example',
  });
  const { message } = await failure();
  expect(pipRuns()[0]).toContain('alice:s3cr%2Ft@index.example/simple?key=tok-123');
  const written = readFileSync(/output is in (.+); its end/.exec(message)![1]!, 'utf8');
  for (const text of [message, written, lines.join('\n')])
    for (const secret of ['alice', 's3cr', 'tok-123', 'pypi-AgEI']) expect(text).not.toContain(secret);
  expect(written).toContain('index.example');
});

it('installs from a file with hashes alone where one is named', async () => {
  fakePython();
  withEnvironment({ INVSEG_PIP_REQUIREMENTS: '/some/requirements.txt' });
  await installLibtorch(cache, log);
  expect(pipRuns()[0]).toContain('--require-hashes --requirement /some/requirements.txt');
  expect(pipRuns()[0]).not.toMatch(/torch==|--constraint/);
});

it('installs the pinned torch and numpy into the cache, and says what it does', async () => {
  fakePython();
  withEnvironment({ INVSEG_PIP_ARGS: '--find-links /wheels' });
  const root = await installLibtorch(cache, log);
  expect(path.resolve(root)).toBe(path.join(cache, 'lib', 'python3.12', 'site-packages', 'torch'));
  expect(path.resolve(installedRoot(cache) as string)).toBe(path.resolve(root));
  expect(pipRuns()).toHaveLength(1);
  for (const part of ['--retries', `torch==${LIBTORCH_PIN}`, 'numpy', '--find-links /wheels'])
    expect(pipRuns()[0]).toContain(part);
  expect(lines.join('\n')).toMatch(/Installing torch .*\n.*done in/);
  expect(pipRuns()[0]).toMatch(/--constraint .+constraints\.txt torch==/);
  const pins = readFileSync(path.join(cache, 'constraints.txt'), 'utf8').trimEnd().split('\n');
  for (const pin of pins) expect(pin).toMatch(/^[\w-]+==[\d.]+; python_version >= "3\.11"$/);
});

it('installs once where two set-ups run at the same time', async () => {
  fakePython();
  const [first, second] = await Promise.all([installLibtorch(cache, log), installLibtorch(cache, log)]);
  expect(path.resolve(second)).toBe(path.resolve(first));
  expect(pipRuns()).toHaveLength(1);
  expect(lines.join('\n')).toContain('waiting for it');
});

it('does an interrupted installation anew', async () => {
  fakePython();
  mkdirSync(path.join(cache, 'lib'), { recursive: true });
  writeFileSync(path.join(cache, 'lib', 'leftover'), '');
  expect(installedRoot(cache)).toBeUndefined();
  await installLibtorch(cache, log);
  expect(existsSync(path.join(cache, 'lib', 'leftover'))).toBe(false);
  expect(installedRoot(cache)).toBeDefined();
});

it('leaves no finished installation behind where pip fails, and the next run may succeed', async () => {
  fakePython({ pip: 'echo "something odd happened" >&2; exit 7' });
  const error = await failure();
  expect(error.code).toBe('SETUP_FAILED');
  expect(error.message).toContain('ended with status 7');
  expect(error.message).toContain('something odd happened');
  expect(error.message).toContain('INVSEG_LIBTORCH');
  expect(installedRoot(cache)).toBeUndefined();

  fakePython();
  await installLibtorch(cache, log);
  expect(installedRoot(cache)).toBeDefined();
});

describe('a failing pip is explained', () => {
  it.each([
    [
      'no network',
      'Failed to establish a new connection: Temporary failure in name resolution',
      /index could not be reached.*PIP_INDEX_URL/,
    ],
    ['no such wheel', 'ERROR: No matching distribution found for torch==2.13.0', /no torch 2\.13\.0 for this Python/],
    ['a full disk', 'OSError: [Errno 28] No space left on device', /disk is full/],
  ])('%s', async (_, output, sentence) => {
    fakePython({ pip: `echo '${output}' >&2; exit 1` });
    const error = await failure();
    expect(error.code).toBe('SETUP_FAILED');
    expect(error.message.split('\n')[0]).toMatch(sentence);
  });
});

describe('a missing tool is one sentence with the way out', () => {
  it('python3', async () => {
    withEnvironment({ PATH: path.join(folder, 'empty') });
    const error = await failure();
    expect(error.code).toBe('TOOL_MISSING');
    expect(error.message).toMatch(/^Python 3\.10 or newer is needed and python3 is not on the PATH: .*INVSEG_LIBTORCH/);
    expect(error.message).not.toContain('\n');
  });

  it('a new enough python3', async () => {
    fakePython({ version: '3.8 False' });
    const error = await failure();
    expect(error.code).toBe('TOOL_MISSING');
    expect(error.message).toMatch(/is 3\.8: install a newer one/);
  });

  it('venv and pip', async () => {
    fakeTool(path.join(folder, 'bin'), 'python3', 'echo "No module named ensurepip" >&2; exit 1');
    const error = await failure();
    expect(error.code).toBe('TOOL_MISSING');
    expect(error.message).toContain('python3-venv');
    expect(error.message).not.toContain('\n');
  });
});
