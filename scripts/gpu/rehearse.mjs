/**
 * `npm run rehearse:cuda`: what can be known of CUDA without a GPU. Brings NVRTC into the cache with pip (the wheel that a CUDA
 * LibTorch depends on) and compiles every kernel for every architecture from Ampere on, with the C++ tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, describeFailure } from '../compile.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const NVRTC = 'nvidia-cuda-nvrtc==13.0.88';

try {
  compile();
  const { buildNativeTests, runSetup } = await import('../../dist/setup/index.js');
  const { libtorch } = await runSetup({ log: console.log });
  const tree = await buildNativeTests(libtorch, path.join(root, 'models', 'miniature'), console.log);
  const folder = nvrtc();
  const env = { ...process.env, LD_LIBRARY_PATH: [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':') };
  const { status, stdout } = spawnSync(path.join(tree, 'invseg_tests'), ['kernels_compile_for_every_architecture'], {
    env,
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  // A test that was skipped has compiled nothing.
  process.exitCode = status === 0 && stdout.includes('1 passed') ? 0 : 1;
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

/** The folder of NVRTC's libraries, installed at its first use. */
function nvrtc() {
  const target = path.join(root, '.cache', NVRTC.replace('==', '-'));
  const folder = path.join(target, 'nvidia', 'cu13', 'lib');
  if (!existsSync(folder)) {
    mkdirSync(target, { recursive: true });
    const { status } = spawnSync('python3', ['-m', 'pip', 'install', '-q', '--no-deps', '--target', target, NVRTC], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`pip could not install ${NVRTC}`);
  }
  return folder;
}
