/** The two descriptions of the build: CMakeLists.txt, and native/binding.gyp for tools that expect gyp. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { fakeLibtorch, temporaryFolder } from '../setup/fakes.js';
import { checkout } from './install.js';

const native = path.join(checkout, 'native');

/** Sources of the targets invseg_core and invseg, relative to native/, as CMake would compile them. */
function cmakeSources(): string[] {
  const folder = temporaryFolder();
  const libtorch = fakeLibtorch(path.join(folder, 'libtorch'), '2.13.0');
  const tree = path.join(folder, 'tree');
  const settings = [`-DINVSEG_LIBTORCH=${libtorch}`, `-DCMAKE_JS_INC=${folder}`];
  execFileSync('cmake', ['-S', checkout, '-B', tree, ...settings], { stdio: 'pipe' });
  const commands = JSON.parse(readFileSync(path.join(tree, 'compile_commands.json'), 'utf8')) as { file: string }[];
  return commands
    .map(({ file }) => path.relative(native, file))
    .filter((file) => /^(addon|core)\//.test(file))
    .sort();
}

it('build the same sources', () => {
  const gyp = readFileSync(path.join(native, 'binding.gyp'), 'utf8');
  const [, command = ''] = /'target_name': 'invseg',\s*'sources': \['<!@\((.*)\)'\]/.exec(gyp) ?? [];
  // gyp runs it in its own folder and takes each line for a file.
  const listed = execFileSync(command, { cwd: native, shell: true, encoding: 'utf8' }).trim().split('\n').sort();
  expect(listed).toEqual(cmakeSources());
  expect(listed).toContain('core/engine/engine.cc');
});
