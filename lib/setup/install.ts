/** Installs the pinned LibTorch: a virtual environment of python3 with torch's wheel, which holds a whole LibTorch. */
import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { InvSegError } from '../errors.js';
import { INSTALLED, installedRoot, isCheckout, LIBTORCH_PIN } from '../native/index.js';
import { makeFolderSync } from '../system/index.js';
import { withLock } from './lock.js';
import { COMPANIONS } from './pins.js';
import { logFile } from './places.js';
import { masker } from './secrets.js';
import { type Log, requireTool, runTool, step } from './tools.js';

/** One retry: pip's five against an index that cannot be reached take minutes, even where a local wheel will do. */
const PIP_OPTIONS = ['--retries', '1', '--progress-bar', 'off', '--no-input'];

export { installedRoot } from '../native/index.js';

const WITHOUT_IT = 'or set INVSEG_LIBTORCH to a LibTorch of your own';

/** Whether pip is to install it: where somebody asks for it, and in a checkout, whose tools import torch in Python. */
export function wantsPip(
  options: { pip?: boolean | undefined; cuda?: boolean | undefined; wheel?: string | undefined },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  if (options.pip !== undefined) return options.pip;
  if (options.wheel !== undefined || options.cuda !== undefined) return false;
  return isCheckout() || Boolean(env['INVSEG_PIP_ARGS'] || env['INVSEG_PIP_REQUIREMENTS']);
}

/**
 * Installs LibTorch into `folder` unless another process just did.
 *
 * `INVSEG_PIP_ARGS` adds arguments to `pip install`, for instance an index that has CPU-only builds; tokens in it are not shown.
 * `INVSEG_PIP_REQUIREMENTS` names a file of requirements with hashes (pip's form) in place of the pinned versions.
 *
 * @throws {InvSegError} `TOOL_MISSING` without python3, venv or pip; `SETUP_FAILED` where pip fails
 */
export async function installLibtorch(folder: string, log: Log, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const python = requireTool(
    ['python3'],
    'Python 3.10 or newer',
    `install it with your package manager, ${WITHOUT_IT}`,
    env,
  );
  await checkPython(python, env);
  return withLock(`${folder}.lock`, log, async () => {
    const done = installedRoot(folder);
    if (done !== undefined && existsSync(done)) return done;
    rmSync(folder, { recursive: true, force: true });
    makeFolderSync(path.dirname(folder));
    const purpose = 'create a Python environment';
    await step(log, `Creating a Python environment in ${folder}`, () =>
      runTool({ command: python, args: ['-m', 'venv', folder], logFile: logFile('venv', env), purpose, env }),
    );
    const own = path.join(folder, 'bin', 'python3');
    await step(log, `Installing torch ${LIBTORCH_PIN} into it with pip`, () => pipInstall(own, log, env));
    const root = await torchFolder(own, env);
    writeFileSync(
      path.join(folder, INSTALLED),
      `${JSON.stringify({ torch: LIBTORCH_PIN, root: path.relative(folder, root) })}\n`,
    );
    return root;
  });
}

async function checkPython(python: string, env: NodeJS.ProcessEnv): Promise<void> {
  const question =
    'import sys; print("%d.%d" % sys.version_info[:2], sys.version_info >= (3, 10))\nimport venv, ensurepip';
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', question], { env, timeout: 30_000 });
    const [version, fits] = stdout.trim().split(' ');
    if (fits === 'True') return;
    throw new InvSegError(
      'TOOL_MISSING',
      `Python 3.10 or newer is needed and ${python} is ${version}: install a newer one, ${WITHOUT_IT}.`,
    );
  } catch (error) {
    if (error instanceof InvSegError) throw error;
    throw new InvSegError(
      'TOOL_MISSING',
      `${python} cannot create environments with pip (its modules venv and ensurepip do not work): install them ` +
        `(Debian and Ubuntu: apt install python3-venv python3-pip), ${WITHOUT_IT}.`,
      { cause: error },
    );
  }
}

async function pipInstall(python: string, log: Log, env: NodeJS.ProcessEnv): Promise<void> {
  const extra = (env['INVSEG_PIP_ARGS'] ?? '').split(/\s+/).filter(Boolean);
  const requirements = env['INVSEG_PIP_REQUIREMENTS'];
  const constraints = path.join(path.dirname(python), '..', 'constraints.txt');
  writeFileSync(constraints, COMPANIONS);
  const packages = requirements
    ? ['--require-hashes', '--requirement', requirements]
    : ['--constraint', constraints, `torch==${LIBTORCH_PIN}`, 'numpy'];
  await runTool({
    command: python,
    args: ['-m', 'pip', 'install', ...PIP_OPTIONS, ...extra, ...packages],
    mask: masker([
      env['INVSEG_PIP_ARGS'],
      env['PIP_INDEX_URL'],
      env['PIP_EXTRA_INDEX_URL'],
      env['PIP_FIND_LINKS'],
      env['HTTPS_PROXY'],
      env['https_proxy'],
    ]),
    logFile: logFile('pip', env),
    purpose: `install torch ${LIBTORCH_PIN}`,
    env,
    onLine: (line) => {
      if (/^ *(Collecting|Downloading|Processing|Installing collected)/.test(line))
        log(`  ${line.trim().slice(0, 110)}`);
    },
    advice,
  });
}

/** What usually stands behind a failure of pip. */
function advice(output: string): string {
  if (/No space left/i.test(output)) return 'The disk is full.';
  if (
    /connection (error|broken|refused)|name resolution|failed to resolve|timed out|unreachable|SSLError/i.test(output)
  ) {
    const reach = 'connect this machine to a network (or a proxy: HTTPS_PROXY), name an index with PIP_INDEX_URL';
    return `The package index could not be reached: ${reach}, ${WITHOUT_IT}.`;
  }
  if (/No matching distribution/i.test(output)) {
    const other = 'put another python3 first on the PATH';
    return `The package index has no torch ${LIBTORCH_PIN} for this Python and machine: ${other}, ${WITHOUT_IT}.`;
  }
  return `Try it again, ${WITHOUT_IT}.`;
}

async function torchFolder(python: string, env: NodeJS.ProcessEnv): Promise<string> {
  const question = 'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("torch").origin))';
  const { stdout } = await promisify(execFile)(python, ['-c', question], { env, timeout: 60_000 });
  return stdout.trim();
}
