/** `invseg setup` in an installed package, with a CMake that writes what a build leaves behind. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeLibtorch, fakeTool } from '../setup/fakes.js';
import { install, pack, remove } from './install.js';

let folder: string;
let project: string;
let own: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-tarball-'));
  project = install(pack(folder).file);
  own = path.join(project, 'node_modules', 'invseg-native');
});

afterAll(() => {
  remove(folder);
  remove(project);
});

/** Configuring leaves a cache, building leaves objects and the two binaries. */
const CMAKE = `
case "$*" in
  *--version*) echo "cmake version 3.25.1"; exit 0 ;;
  *--build*) ;;
  *) exit 0 ;;
esac
while [ "$1" != --build ]; do shift; done
cd "$2"
mkdir -p Release CMakeFiles/invseg_core.dir
for made in CMakeCache.txt libinvseg_core.a CMakeFiles/invseg_core.dir/cmake_pch.hxx.gch Release/invseg.node Release/invseg_shim.node \\
  Release/obj.o; do echo made > "$made"; done
`;

/** A LibTorch for which the package has no addon. */
function setUp(bin: string, installed = project): Promise<{ stdout: string }> {
  const libtorch = fakeLibtorch(path.join(folder, 'libtorch'), '2.12.0');
  const { INVSEG_ADDON: _, INVSEG_LIBTORCH: __, ...rest } = process.env;
  const env = { ...rest, PATH: `${bin}:${process.env['PATH']}`, INVSEG_CACHE: cache() };
  const main = path.join(installed, 'node_modules', 'invseg-native', 'dist', 'cli', 'main.js');
  return promisify(execFile)(process.execPath, [main, 'setup', '--libtorch', libtorch], { cwd: installed, env });
}

const cache = (): string => path.join(folder, 'cache');

/** What lies in the cache's only folder of builds, and that folder. */
function builds(): { folder: string; files: string[] } {
  const addons = path.join(cache(), 'addons');
  const [sources, ...others] = readdirSync(addons);
  expect(others).toEqual([]);
  const built = path.join(addons, sources!);
  return { folder: built, files: (readdirSync(built, { recursive: true }) as string[]).sort() };
}

it('builds into the cache, keeps what is loaded, and writes nothing into the package', async () => {
  const before = readdirSync(own, { recursive: true }).sort();
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  fakeTool(bin, 'cmake', CMAKE);
  const { stdout } = await setUp(bin);
  expect(stdout).toContain('addon built');
  expect(builds().files).toEqual([
    'libtorch-2.12.0',
    ...['invseg.json', 'invseg.node', 'invseg_shim.node'].map((file) => path.join('libtorch-2.12.0', file)),
  ]);
  expect(readdirSync(own, { recursive: true }).sort()).toEqual(before);
  // And a second set-up has nothing to do, in another project too.
  const other = install(pack(folder).file);
  try {
    expect((await setUp(bin)).stdout).toContain('nothing to do');
    expect((await setUp(bin, other)).stdout).toContain('nothing to do');
  } finally {
    remove(other);
  }
});

it('keeps the tree of a build that failed, so that the next one goes on with it', async () => {
  const bin = path.join(folder, 'failing');
  mkdirSync(bin);
  fakeTool(bin, 'cmake', `${CMAKE}\nexit 1`);
  remove(path.join(cache(), 'addons'));
  await expect(setUp(bin)).rejects.toMatchObject({ stderr: expect.stringContaining('SETUP_FAILED') });
  expect(builds().files).toContain(
    path.join('libtorch-2.12.0.build', 'CMakeFiles', 'invseg_core.dir', 'cmake_pch.hxx.gch'),
  );
});
