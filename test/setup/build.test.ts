import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILD_FOLDER, STAMP } from '../../lib/native/stamp.js';
import { buildAddon, currentBuild } from '../../lib/setup/build.js';
import { fingerprint } from '../../lib/setup/fingerprint.js';
import { runSetup } from '../../lib/setup/index.js';
import { withLock } from '../../lib/setup/lock.js';
import { fakeTool, temporaryFolder, withEnvironment } from './fakes.js';

const libtorch = { root: '/nowhere', version: '2.13.0', python: null, source: 'option' } as const;

describe('a missing build tool is one sentence with the way out', () => {
  it.each([
    ['cmake', [], /^CMake .* is needed and cmake is not on the PATH: .*apt install cmake/],
    ['a compiler', ['cmake'], /^A C\+\+20 compiler is needed and .* is not on the PATH: .*apt install g\+\+/],
    ['make', ['cmake', 'g++'], /^A build tool is needed and ninja or make is not on the PATH: .*apt install make/],
  ])('%s', async (_, present, sentence) => {
    const bin = temporaryFolder();
    for (const name of present) fakeTool(bin, name, 'exit 0');
    withEnvironment({ PATH: bin, CXX: undefined });
    const stamp = path.join(BUILD_FOLDER, STAMP);
    const before = existsSync(stamp) && readFileSync(stamp, 'utf8');
    const error = (await buildAddon(libtorch, () => {}).then(
      () => undefined,
      (reason: unknown) => reason,
    )) as Error;
    expect(error).toMatchObject({ code: 'TOOL_MISSING', message: expect.stringMatching(sentence) });
    expect(error.message).not.toContain('\n');
    // What was built before is as usable as it was.
    expect(existsSync(stamp) && readFileSync(stamp, 'utf8')).toBe(before);
  });
});

describe('the lock', () => {
  it('of a process that has ended is free', async () => {
    const file = path.join(temporaryFolder(), 'lock');
    writeFileSync(file, '4194303999');
    expect(
      await withLock(
        file,
        () => {},
        async () => 'done',
      ),
    ).toBe('done');
    expect(existsSync(file)).toBe(false);
  });

  it('lets one in after the other, also where the first fails', async () => {
    const file = path.join(temporaryFolder(), 'deep', 'lock');
    const order: string[] = [];
    const first = withLock(
      file,
      () => {},
      async () => {
        order.push('first');
        await new Promise((resolve) => setTimeout(resolve, 50));
        order.push('first ends');
        throw new Error('no');
      },
    );
    const second = withLock(
      file,
      () => {},
      async () => void order.push('second'),
    );
    await expect(first).rejects.toThrow('no');
    await second;
    expect(order).toEqual(['first', 'first ends', 'second']);
  });
});

describe('the fingerprint', () => {
  function checkout(): string {
    const root = temporaryFolder();
    for (const folder of ['addon', 'core/maps', 'shim', 'tests'])
      mkdirSync(path.join(root, 'native', folder), { recursive: true });
    writeFileSync(path.join(root, 'CMakeLists.txt'), 'project(x)');
    writeFileSync(path.join(root, 'native/sources.txt'), 'core/maps/refine.cc\n');
    writeFileSync(path.join(root, 'native/core/maps/refine.cc'), 'int a;');
    return root;
  }

  it('changes with a source, a new file and the CMake file', () => {
    const root = checkout();
    const seen = new Set([fingerprint(root)]);
    expect(seen.has(fingerprint(root))).toBe(true);
    writeFileSync(path.join(root, 'native/core/maps/refine.cc'), 'int b;');
    seen.add(fingerprint(root));
    writeFileSync(path.join(root, 'native/addon/new.cc'), '');
    seen.add(fingerprint(root));
    writeFileSync(path.join(root, 'CMakeLists.txt'), 'project(y)');
    seen.add(fingerprint(root));
    expect(seen.size).toBe(4);
  });

  it('does not change with the tests', () => {
    const root = checkout();
    const before = fingerprint(root);
    writeFileSync(path.join(root, 'native/tests/test_x.cc'), 'int a;');
    expect(fingerprint(root)).toBe(before);
  });
});

// `npm test` builds before it runs the tests; alone, this one would build for minutes.
it.skipIf(currentBuild() === undefined)('a second set-up does nothing, in less than a second', async () => {
  const { built, installed, libtorch: first } = await runSetup();
  expect({ built, installed }).toEqual({ built: false, installed: false });
  const { seconds, libtorch: second } = await runSetup();
  expect(second).toBe(first);
  expect(seconds).toBeLessThan(1);
});
