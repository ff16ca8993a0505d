/** LibTorch, the addon and the device. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvSegError } from '../errors.js';
import {
  ADDON,
  type Attempt,
  BUILD_FOLDER,
  type BuildStamp,
  type Candidate,
  candidates,
  fingerprint,
  PACKAGE_ROOT,
  readStamp,
  SHIM,
  STAMP,
} from '../native/index.js';
import { findLibtorch, inspect } from '../setup/index.js';
import { type Gpu, nvidiaGpus } from '../system/index.js';
import type { Answer, Loaded } from './probe.js';
import type { Finding } from './types.js';

const SETUP = 'run `npx invseg setup`';

export interface Built {
  folder: string;
  /** What is missing of the three files; empty where there is an addon to load. */
  missing: string[];
  /** The LibTorch that it would be loaded with. */
  stamp: Pick<BuildStamp, 'libtorch' | 'libtorchVersion'> | undefined;
  /** The loader's reason where it has none to load. */
  why?: string;
}

/** The addon that a program would load, as the loader chooses it. */
export function findBuilt(env: NodeJS.ProcessEnv): Built {
  try {
    const [{ addon, libtorch, libtorchVersion }] = candidates({}, env) as [Candidate];
    return { folder: path.dirname(addon), missing: [], stamp: { libtorch, libtorchVersion } };
  } catch (error) {
    if (!(error instanceof InvSegError)) throw error;
    const named = env['INVSEG_ADDON'];
    const folder = named ? path.resolve(named) : BUILD_FOLDER;
    const missing = [ADDON, SHIM, STAMP].filter((file) => !existsSync(path.join(folder, file)));
    return {
      folder,
      missing,
      stamp: readStamp(folder),
      ...(!named && { why: error.message.split('\n')[0]!.replace(/ Looked at:$/, '') }),
    };
  }
}

/** The LibTorch that the addon was built with, else one that a set-up would build against. */
export async function checkLibtorch({ stamp }: Built, env: NodeJS.ProcessEnv): Promise<Finding> {
  const attempts: Attempt[] = [];
  const finding = (status: Finding['status'], summary: string, wayOut?: string): Finding => {
    const places = attempts.map(({ source, place, outcome }) => ({ source, place, outcome }));
    return { check: 'libtorch', status, summary, ...(wayOut !== undefined && { wayOut }), facts: { places } };
  };
  if (stamp) {
    const found = inspect(stamp.libtorch);
    const taken = typeof found !== 'string';
    attempts.push({ source: 'addon', place: stamp.libtorch, outcome: taken ? `LibTorch ${found.version}` : found });
    if (taken && found.version === stamp.libtorchVersion) {
      const summary = `LibTorch ${found.version} in ${stamp.libtorch}`;
      const named = env['INVSEG_LIBTORCH'];
      const refused = named ? inspect(named) : undefined;
      if (typeof refused !== 'string') return finding('ok', summary);
      attempts.push({ source: 'INVSEG_LIBTORCH', place: named!, outcome: refused });
      return finding(
        'failed',
        `INVSEG_LIBTORCH names ${named}, which does not do: ${refused}`,
        'correct or unset INVSEG_LIBTORCH, which the loader and the set-up take before any other',
      );
    }
    const why = taken ? `it is ${found.version} now and was ${stamp.libtorchVersion}` : found;
    return finding(
      'failed',
      `the LibTorch that the addon was built with, ${stamp.libtorch}, does not do: ${why}`,
      `${SETUP} again, with INVSEG_LIBTORCH for another place`,
    );
  }
  try {
    const search = findLibtorch(undefined, env);
    attempts.push(...search.attempts);
    if (search.found) return finding('ok', `LibTorch ${search.found.version} in ${search.found.root}`);
    return finding(
      'failed',
      'no LibTorch was found',
      `${SETUP}, which installs one, or name yours with INVSEG_LIBTORCH`,
    );
  } catch (error) {
    if (!(error instanceof InvSegError)) throw error;
    const place = env['INVSEG_LIBTORCH'] ?? '';
    const outcome = inspect(place);
    attempts.push({ source: 'INVSEG_LIBTORCH', place, outcome: String(outcome) });
    return finding(
      'failed',
      `INVSEG_LIBTORCH names ${place}: ${String(outcome)}`,
      'correct INVSEG_LIBTORCH, or unset it to have one found or installed',
    );
  }
}

/** Loads the addon in a process of its own. @returns the finding, and what was loaded where that went well */
export async function checkAddon({
  folder,
  missing,
  stamp,
  why,
}: Built): Promise<{ finding: Finding; loaded?: Loaded }> {
  const finding = (status: Finding['status'], summary: string, wayOut?: string, facts: object = {}): Finding => ({
    check: 'addon',
    status,
    summary,
    ...(wayOut !== undefined && { wayOut }),
    facts: { folder, ...facts },
  });
  if (missing.length > 0) {
    const gone = `the addon has not been built: ${missing.join(', ')} missing in ${folder}`;
    return { finding: finding('failed', why ?? gone, SETUP) };
  }
  if (!stamp)
    return {
      finding: finding(
        'failed',
        `${path.join(folder, STAMP)} is not of this version`,
        `${SETUP} -- or correct INVSEG_ADDON`,
      ),
    };
  const { answer, ended } = await probe('load');
  if (!answer) {
    return {
      finding: finding(
        'failed',
        `the process that loads the addon from ${folder} ${ended}`,
        'build it for this host: `npx invseg setup --rebuild`',
      ),
    };
  }
  if ('code' in answer) {
    return {
      finding: finding(
        'failed',
        answer.message.split('\n')[0]!,
        'build it for this host: `npx invseg setup --rebuild`',
        { code: answer.code },
      ),
    };
  }
  const { loaded } = answer as { loaded: Loaded };
  const summary = `${folder}, LibTorch ${loaded.torch}, ${loaded.threads} threads`;
  const stale = folder === BUILD_FOLDER && readStamp(folder)?.fingerprint !== fingerprint(PACKAGE_ROOT);
  if (stale)
    return {
      finding: finding('warning', `${summary}; it was built from other sources than these`, SETUP, loaded),
      loaded,
    };
  return { finding: finding('ok', summary, undefined, loaded), loaded };
}

/** What the addon can run on. */
export async function checkDevice({ cudaBuild, cudaDevices, unmapped }: Loaded): Promise<Finding> {
  const gpus = await nvidiaGpus();
  const facts = { cudaBuild, cudaDevices, unmapped, gpus };
  const finding = (status: Finding['status'], summary: string, wayOut?: string): Finding => ({
    check: 'device',
    status,
    summary,
    ...(wayOut !== undefined && { wayOut }),
    facts,
  });
  if (cudaDevices > 0)
    return finding(
      'ok',
      `CUDA devices: ${cudaDevices}; ${gpus.map(describe).join('; ') || 'nvidia-smi does not answer'}`,
    );
  const driver =
    "install NVIDIA's driver (nvidia-smi must answer), or use a LibTorch for the CPU; `--device cpu` works as it is";
  if (unmapped.length > 0)
    return finding(
      'failed',
      `LibTorch is one for CUDA, and its CUDA libraries cannot be loaded: ${unmapped[0]}`,
      driver,
    );
  if (cudaBuild) return finding('failed', 'LibTorch is one for CUDA, and there is no CUDA device', driver);
  if (gpus.length > 0) {
    return finding(
      'warning',
      `the processor; ${gpus.map(describe).join('; ')} is left alone, for this LibTorch is one for the CPU`,
      'build against a LibTorch for CUDA: `INVSEG_LIBTORCH=<folder> npx invseg setup`',
    );
  }
  return finding('ok', 'the processor (no GPU was found)');
}

const describe = ({ name, driver, capability, memoryMiB }: Gpu): string =>
  `${name} (${capability}, ${Math.round(memoryMiB / 1024)} GiB, driver ${driver})`;

/** @returns the answer, or how the process ended without one */
export function probe(what: 'load' | 'self-test'): Promise<{ answer?: Answer; ended: string }> {
  // This file's own ending: the probe is compiled where this is.
  const script = fileURLToPath(new URL('./probe.js', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, what], { timeout: 300_000 }, (error, stdout) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      try {
        return resolve({ answer: JSON.parse(line) as Answer, ended: '' });
      } catch {
        const { signal, code } = (error ?? {}) as { signal?: string; code?: number };
        return resolve({ ended: signal ? `was ended by ${signal}` : `ended with status ${code ?? 0} and no answer` });
      }
    });
  });
}
