/** The two descriptions of the build: CMakeLists.txt, and native/binding.gyp for tools that expect gyp. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILD_FOLDER } from '../../lib/native/stamp.js';
import { differingSymbols, exportedSymbols, systemNeeds } from '../../scripts/packaging/elf.mjs';
import { configureGyp, makeGyp } from '../../scripts/packaging/gyp.mjs';
import { checkNeeds } from '../../scripts/prebuild.mjs';
import { fakeLibtorch } from '../setup/fakes.js';
import { checkout, remove } from './install.js';

const native = path.join(checkout, 'native');
const require = createRequire(import.meta.url);

let folder: string;
let cmake: string;
let gyp: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-sources-'));
  const libtorch = fakeLibtorch(path.join(folder, 'libtorch'), '2.13.0');
  cmake = path.join(folder, 'cmake');
  const headers = path.join(path.dirname(require.resolve('node-api-headers/package.json')), 'include');
  const settings = [`-DINVSEG_LIBTORCH=${libtorch}`, `-DCMAKE_JS_INC=${headers}`];
  execFileSync('cmake', ['-G', 'Unix Makefiles', '-S', checkout, '-B', cmake, ...settings], { stdio: 'pipe' });
  gyp = configureGyp(path.join(folder, 'gyp'), libtorch);
});

afterAll(() => remove(folder));

/** What CMake would run for each source: flags by file, relative to native/. */
function cmakeCommands(): Map<string, string[]> {
  const commands = JSON.parse(readFileSync(path.join(cmake, 'compile_commands.json'), 'utf8')) as {
    file: string;
    command: string;
  }[];
  const own = commands.map(({ file, command }) => [path.relative(native, file), command.split(/\s+/)] as const);
  return new Map(own.filter(([file]) => /^(addon|core|shim)\//.test(file)));
}

/** What make would run in gyp's build folder. */
function makeLines(): string[] {
  const args = ['-n', '-C', path.join(gyp, 'build'), 'BUILDTYPE=Release', 'V=1'];
  return execFileSync('make', args, { encoding: 'utf8', maxBuffer: 64e6 })
    .split('\n')
    .filter((line) => /^\S*(g|c|clang)\+\+ /.test(line));
}

function gypCommands(): Map<string, string[]> {
  return new Map(
    makeLines().flatMap((line) => {
      const source = / \.\.\/((?:addon|core|shim)\/\S+\.cc) /.exec(line)?.[1];
      return source ? [[source, line.replaceAll("'", '').split(/\s+/)] as const] : [];
    }),
  );
}

/** Flags that decide which symbols a library has, and shows. gyp names two that are the compiler's defaults. */
const decisive = (flags: readonly string[]): string[] =>
  [...new Set(flags)]
    .filter((flag) => /^-(std=|fvisibility|fno-|DNAPI_VERSION|DNODE_API_SWALLOW|DNDEBUG$)/.test(flag))
    .filter((flag) => flag !== '-fno-omit-frame-pointer')
    .sort();

describe('CMake and gyp', () => {
  it('build every source of the list, which is every source there is', () => {
    const listed = readFileSync(path.join(native, 'sources.txt'), 'utf8').trim().split('\n');
    const there = ['addon', 'core', 'shim'].flatMap((part) =>
      (readdirSync(path.join(native, part), { recursive: true }) as string[])
        .filter((file) => file.endsWith('.cc'))
        .map((file) => path.posix.join(part, file)),
    );
    expect(listed).toEqual([...there].sort());
    expect([...cmakeCommands().keys()].sort()).toEqual(listed);
    expect([...gypCommands().keys()].sort()).toEqual(listed);
  });

  it('with the same flags, as far as symbols go', () => {
    const own = gypCommands();
    for (const [source, flags] of cmakeCommands()) {
      // The core knows no Node-API.
      const seen = (all: readonly string[]) =>
        decisive(all).filter((flag) => !source.startsWith('core/') || !/^-DN(API|ODE)_/.test(flag));
      expect({ source, flags: seen(own.get(source)!) }).toEqual({ source, flags: seen(flags) });
      expect(decisive(flags)).toEqual(expect.arrayContaining(['-DNDEBUG', '-fvisibility=hidden', '-std=c++20']));
    }
  });

  it.runIf(process.platform === 'linux')('link both binaries so that they stay mapped', () => {
    for (const target of ['invseg', 'invseg_shim']) {
      expect(readFileSync(path.join(cmake, 'CMakeFiles', `${target}.dir`, 'link.txt'), 'utf8')).toContain(
        '-Wl,-z,nodelete',
      );
      const line = makeLines().find((one) => one.includes(`-o Release/obj.target/${target}.node`));
      expect(line).toContain('-Wl,-z,nodelete');
    }
  });

  it.runIf(process.platform === 'linux')('make a shim that shows the same symbols', () => {
    execFileSync('make', ['-C', cmake, 'invseg_shim'], { stdio: 'pipe' });
    const compared = differingSymbols(makeGyp(gyp, 'invseg_shim'), path.join(cmake, 'invseg_shim.node'));
    expect(compared.same).toContain('napi_register_module_v1');
    expect(compared).toMatchObject({ onlyFirst: [], onlySecond: [] });
  });
});

describe.runIf(process.platform === 'linux')('a build of this machine', () => {
  const built = path.resolve(process.env['INVSEG_ADDON'] ?? BUILD_FOLDER);

  it.each(['invseg.node', 'invseg_shim.node'])('asks for no newer system than RHEL 9: %s', (name) => {
    const needs = checkNeeds(path.join(built, name));
    expect(Object.keys(needs)).toEqual(expect.arrayContaining(['GLIBC', 'GLIBCXX']));
    // Built on glibc 2.34 or newer, it asks for 2.34: the reader does see versions.
    expect(systemNeeds(path.join(built, name))['GLIBC']!.version).toMatch(/^2\.\d+$/);
  });

  it('shows the entry point of Node-API', () => {
    expect(exportedSymbols(path.join(built, 'invseg.node'))).toEqual(
      expect.arrayContaining(['napi_register_module_v1', 'node_api_module_get_api_version_v1']),
    );
  });

  it('is refused where it asks for more, with the symbols that do', () => {
    const limits = { GLIBC: '2.2', GLIBCXX: '3.4', CXXABI: '1.3' };
    expect(() => checkNeeds(path.join(built, 'invseg.node'), limits)).toThrow(
      /needs GLIBC_2\.\d+ \(.*\w.*\), and GLIBC_2\.2 is the limit/,
    );
  });
});
