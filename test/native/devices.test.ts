/** A LibTorch with CUDA on a machine without CUDA's libraries: what `open` says. The library is a real one that lacks another. */
import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDevice } from '../../lib/native/devices.js';
import { loadBinding } from '../../lib/native/load.js';
import { ADDON, SHIM, STAMP } from '../../lib/native/stamp.js';

const INDEX = new URL('../../dist/index.js', import.meta.url).href;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'invseg-cuda-'));
  const built = loadBinding();
  const lib = path.join(folder, 'torch', 'lib');
  mkdirSync(lib, { recursive: true });
  for (const file of readdirSync(path.join(built.libtorch, 'lib')))
    symlinkSync(path.join(built.libtorch, 'lib', file), path.join(lib, file));
  // Linked against a runtime that is gone afterwards, as on a machine without CUDA.
  const compile = (file: string, ...args: string[]): Buffer =>
    execFileSync('g++', ['-shared', '-fPIC', '-o', file, '-xc++', '/dev/null', ...args]);
  const runtime = path.join(folder, 'libcudart.so.12');
  compile(runtime, '-Wl,-soname,libcudart.so.12');
  compile(path.join(lib, 'libc10_cuda.so'), '-xnone', '-Wl,--no-as-needed', runtime);
  rmSync(runtime);
  for (const file of [ADDON, SHIM]) copyFileSync(path.join(built.folder, file), path.join(folder, file));
  const stamp = JSON.parse(readFileSync(path.join(built.folder, STAMP), 'utf8')) as object;
  writeFileSync(path.join(folder, STAMP), JSON.stringify({ ...stamp, libtorch: path.join(folder, 'torch') }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a new process prints. */
function run(body: string): Promise<{ out: string; err: string }> {
  const script = `import { Segmenter, VisionLanguage } from ${JSON.stringify(INDEX)};\n${body}`;
  const env = { ...process.env, INVSEG_ADDON: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '--eval', script], { env }, (_error, out, err) =>
      resolve({ out, err }),
    );
  });
}

const REASON = 'libcudart.so.12: cannot open shared object file: No such file or directory';

describe('libraries of CUDA that cannot be mapped', () => {
  it('auto takes the CPU and warns once, with the reason of the linker', async () => {
    const { out, err } = await run(`for (let i = 0; i < 2; i++) {
      const segmenter = await Segmenter.open();
      console.log(segmenter.info.device);
      await segmenter.dispose();
    }`);
    expect(out).toBe('cpu\ncpu\n');
    expect(err.split('InvSegWarning')).toHaveLength(2);
    expect(err).toContain('The CPU is used: ');
    expect(err).toContain(REASON);
  });

  it('cpu says nothing', async () => {
    const { out, err } = await run(
      `const segmenter = await Segmenter.open({ device: 'cpu' }); console.log(segmenter.info.device); await segmenter.dispose();`,
    );
    expect({ out, err }).toEqual({ out: 'cpu\n', err: '' });
  });

  it.each(['cuda', 'cuda:1'])('%s is refused: what is missing, and what to install', async (device) => {
    const { out, err } = await run(
      `try { await Segmenter.open({ device: '${device}' }); } catch (error) { console.log(error.code, error.message); }`,
    );
    expect(err).toBe('');
    const [first] = out.split('\n');
    expect(first).toMatch(
      new RegExp(`^DEVICE_UNAVAILABLE Device ${device} is not there: the CUDA libraries of the LibTorch in `),
    );
    expect(first).toContain("without libcudart.so.12, which comes with NVIDIA's CUDA toolkit. Install it");
    expect(first).toMatch(/-m pip install torch==\d+\.\d+\.\d+`/);
    expect(out).toContain(REASON);
  });
});

describe('the origin of a library', () => {
  const message = (...warnings: string[]): string => {
    try {
      checkDevice({ warnings, libtorch: '/torch', libtorchVersion: '2.13.0+cu126', python: null }, 'cuda');
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it.each([
    ['libcuda.so.1', "NVIDIA's driver"],
    ['libcudnn.so.9', 'cuDNN'],
    ['libnccl.so.2', 'NCCL'],
    ['libcublasLt.so.12', "NVIDIA's CUDA toolkit"],
    ['libnvJitLink.so.12', "NVIDIA's CUDA toolkit"],
    ['libother.so.3', 'the system or with CUDA'],
  ])('%s comes with %s', (library, origin) => {
    expect(message(`${library}: cannot open shared object file: No such file or directory`)).toContain(
      `${library}, which comes with ${origin}`,
    );
  });

  it('is not guessed where the linker has another reason', () => {
    const reason = '/torch/lib/libtorch_cuda.so: undefined symbol: x';
    expect(message(reason).split('\n')[0]).toContain(`could not be loaded (${reason}). Try to reinstall`);
  });

  it('is no matter where nothing failed', () => {
    expect(message()).toBe('');
  });
});
