import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { libtorchCache } from '../../lib/native/places.js';
import { describe as describeAttempts, findLibtorch, inspect, isNamed, notFound } from '../../lib/setup/libtorch.js';
import { fakeLibtorch, fakeTool, temporaryFolder } from './fakes.js';

/** An environment in which nothing is found: an empty cache, a PATH without python3. */
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = temporaryFolder();
  env = { PATH: path.join(folder, 'bin'), INVSEG_CACHE: path.join(folder, 'cache') };
});

/** The cache as the set-up leaves it. */
function fillCache(version: string): string {
  const cache = libtorchCache(env);
  const root = fakeLibtorch(path.join(cache, 'lib', 'python3.12', 'site-packages', 'torch'), version);
  writeFileSync(path.join(cache, 'complete.json'), JSON.stringify({ root: path.relative(cache, root) }));
  return root;
}

function pythonWith(torch: string | null): void {
  fakeTool(path.join(folder, 'bin'), 'python3', `echo '${JSON.stringify(['/usr/bin/python3', torch])}'`);
}

describe('the order of the search', () => {
  it('is option, INVSEG_LIBTORCH, LIBTORCH, cache, python3', () => {
    const place = (name: string): string => fakeLibtorch(path.join(folder, name), '2.13.0');
    const option = place('option');
    env['INVSEG_LIBTORCH'] = place('own');
    env['LIBTORCH'] = place('general');
    const cached = fillCache('2.13.0');
    const python = place('python');
    pythonWith(python);

    const found = (named?: string): unknown => {
      const { source, root } = findLibtorch(named, env).found ?? {};
      return { source, root };
    };
    expect(found(option)).toEqual({ source: 'option', root: option });
    expect(found()).toEqual({ source: 'INVSEG_LIBTORCH', root: env['INVSEG_LIBTORCH'] });
    delete env['INVSEG_LIBTORCH'];
    expect(found()).toEqual({ source: 'LIBTORCH', root: env['LIBTORCH'] });
    delete env['LIBTORCH'];
    expect(found()).toEqual({ source: 'cache', root: cached });
    env['INVSEG_CACHE'] = path.join(folder, 'empty');
    expect(found()).toEqual({ source: 'python3', root: python });
  });

  it('records every place, taken or not, with the reason', () => {
    env['LIBTORCH'] = path.join(folder, 'gone');
    pythonWith(fakeLibtorch(path.join(folder, 'old'), '2.3.1+cu121'));
    const { found, attempts } = findLibtorch(undefined, env);
    expect(found).toBeUndefined();
    expect(attempts.map(({ source, outcome }) => [source, outcome])).toEqual([
      ['LIBTORCH', 'does not exist'],
      ['cache', 'no finished installation'],
      ['python3', expect.stringContaining('LibTorch 2.3.1+cu121, but 2.11 to 2.14 is needed')],
    ]);
    const text = describeAttempts(attempts);
    for (const { place } of attempts) expect(text).toContain(place);
  });

  it('takes the Python that asked for torch along', () => {
    pythonWith(fakeLibtorch(path.join(folder, 'torch'), '2.12.0'));
    expect(findLibtorch(undefined, env).found).toMatchObject({ python: '/usr/bin/python3', version: '2.12.0' });
  });
});

describe('a place that the user names', () => {
  it.each([
    ['does not exist', (root: string) => root],
    [
      'misses the library',
      (root: string) => (mkdirSync(path.join(root, 'include', 'torch'), { recursive: true }), root),
    ],
    ['is too old', (root: string) => fakeLibtorch(root, '2.10.4')],
  ])('and that %s is an error, not skipped', (_, make) => {
    const named = make(path.join(folder, 'named'));
    pythonWith(fakeLibtorch(path.join(folder, 'torch'), '2.13.0'));
    for (const search of [
      () => findLibtorch(named, env),
      () => findLibtorch(undefined, { ...env, INVSEG_LIBTORCH: named }),
    ])
      expect(search).toThrow(
        expect.objectContaining({ code: 'LIBTORCH_NOT_FOUND', message: expect.stringContaining(named) }),
      );
  });

  it('is to be corrected or left out before anything else helps', () => {
    const wrong = path.join(folder, 'gone');
    expect(() => findLibtorch(wrong, env)).toThrow(/Possible solutions:\n {2}correct --libtorch, or leave it out;/);
    expect(() => findLibtorch(undefined, { ...env, INVSEG_LIBTORCH: wrong })).toThrow(
      /Possible solutions:\n {2}correct INVSEG_LIBTORCH, or unset it: nothing else is looked at;\n {2}run `npx invseg setup` with a network/,
    );
    expect(notFound(findLibtorch(undefined, env).attempts).message).not.toContain('correct');
  });

  it('may lack headers only where an addon of the package fits it', () => {
    const bare = fakeLibtorch(path.join(folder, 'bare'), '2.12.1', 'archive');
    rmSync(path.join(bare, 'include'), { recursive: true });
    expect(inspect(bare)).toBe(
      'LibTorch 2.12.1 without headers (include/torch), and an addon would have to be built with them',
    );
  });

  it('counts as named', () => {
    expect(isNamed('x', {})).toBe(true);
    expect(isNamed(undefined, { INVSEG_LIBTORCH: 'x' })).toBe(true);
    expect(isNamed(undefined, { LIBTORCH: 'x' })).toBe(true);
    expect(isNamed(undefined, { INVSEG_LIBTORCH: '' })).toBe(false);
  });
});

describe('a python3', () => {
  it.each([
    ['without torch', `echo '["/usr/bin/python3", null]'`, 'has no torch'],
    ['that fails', 'echo broken >&2; exit 3', 'did not answer'],
    ['that says something else', 'echo hello', 'did not answer'],
  ])('%s is one attempt of several', (_, script, outcome) => {
    fakeTool(path.join(folder, 'bin'), 'python3', script);
    const { found, attempts } = findLibtorch(undefined, env);
    expect(found).toBeUndefined();
    expect(attempts.at(-1)).toMatchObject({ source: 'python3', outcome: expect.stringContaining(outcome) });
  });

  it('that is not there likewise', () => {
    const { attempts } = findLibtorch(undefined, env);
    expect(attempts.at(-1)).toMatchObject({ source: 'python3', outcome: 'not on the PATH' });
  });
});

describe('a folder', () => {
  it.each(['wheel', 'archive', 'headers'] as const)('tells its version: %s', (kind) => {
    expect(inspect(fakeLibtorch(path.join(folder, kind), '2.13.0', kind))).toMatchObject({ version: '2.13.0' });
  });

  it.each([
    ['2.10.9', false],
    ['2.11.0', true],
    ['2.14.1+cu130', true],
    ['2.15.0', false],
    ['3.0.0', false],
  ])('of version %s fits: %s', (version, fits) => {
    expect(typeof inspect(fakeLibtorch(path.join(folder, 'torch'), version)) === 'object').toBe(fits);
  });

  it('without a version does not do', () => {
    const root = fakeLibtorch(path.join(folder, 'torch'), '2.13.0', 'archive');
    writeFileSync(path.join(root, 'build-version'), '');
    expect(inspect(root)).toBe('a LibTorch of unknown version');
  });
});

it('finding nothing lists all attempts and the ways out', () => {
  const { attempts } = findLibtorch(undefined, env);
  const error = notFound(attempts);
  expect(error.code).toBe('LIBTORCH_NOT_FOUND');
  for (const { source, place } of attempts) expect(error.message).toContain(`${source}: ${place}`);
  for (const way of ['npx invseg setup', 'pip install torch==', 'INVSEG_LIBTORCH'])
    expect(error.message).toContain(way);
});
