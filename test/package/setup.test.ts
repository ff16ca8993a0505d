/** `invseg setup` in an installed package, with a CMake that writes what a build leaves behind. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
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
mkdir -p build/Release build/CMakeFiles/invseg_core.dir
for made in CMakeCache.txt libinvseg_core.a CMakeFiles/invseg_core.dir/cmake_pch.hxx.gch Release/invseg.node Release/invseg_shim.node \\
  Release/obj.o; do echo made > "build/$made"; done
`;

function setUp(bin: string): Promise<{ stdout: string }> {
  const libtorch = fakeLibtorch(path.join(folder, 'libtorch'), '2.13.0');
  const { INVSEG_ADDON: _, INVSEG_LIBTORCH: __, ...rest } = process.env;
  const env = { ...rest, PATH: `${bin}:${process.env['PATH']}`, INVSEG_CACHE: path.join(folder, 'cache') };
  const main = path.join(own, 'dist', 'cli', 'main.js');
  return promisify(execFile)(process.execPath, [main, 'setup', '--libtorch', libtorch], { cwd: project, env });
}

it('keeps of the build tree what is loaded, and nothing else', async () => {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  fakeTool(bin, 'cmake', CMAKE);
  const { stdout } = await setUp(bin);
  expect(stdout).toContain('addon built');
  expect(readdirSync(path.join(own, 'build'), { recursive: true }).sort()).toEqual([
    'Release',
    path.join('Release', 'invseg.json'),
    path.join('Release', 'invseg.node'),
    path.join('Release', 'invseg_shim.node'),
  ]);
  // And a second set-up has nothing to do.
  expect((await setUp(bin)).stdout).toContain('nothing to do');
});

it('keeps the tree of a build that failed, so that the next one goes on with it', async () => {
  const bin = path.join(folder, 'failing');
  mkdirSync(bin);
  fakeTool(bin, 'cmake', `${CMAKE}\nexit 1`);
  remove(path.join(own, 'build'));
  await expect(setUp(bin)).rejects.toMatchObject({ stderr: expect.stringContaining('SETUP_FAILED') });
  expect(existsSync(path.join(own, 'build', 'CMakeFiles', 'invseg_core.dir', 'cmake_pch.hxx.gch'))).toBe(true);
});
