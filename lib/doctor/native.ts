/** LibTorch, the addon and the device. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
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
  chooseLibtorch,
  fingerprint,
  inspectLibraries,
  PACKAGE_ROOT,
  readStamp,
  SHIM,
  STAMP,
  withoutHeaders,
} from '../native/index.js';
import { findLibtorch, inspect } from '../setup/index.js';
import { type Gpu, nvidiaGpus } from '../system/index.js';
import type { Answer, Loaded } from './probe.js';
import type { Finding } from './types.js';

const SETUP = 'run `npx invseg setup`';
/** A set-up changes nothing of an addon that is named. */
const CORRECT = "correct or unset INVSEG_ADDON: without it, the package's own addon or a local build is taken";

export interface Built {
  folder: string;
  /** Whether `INVSEG_ADDON` names it. */
  named: boolean;
  /** The LibTorch that it would be loaded with, as far as that is known. */
  stamp: Pick<BuildStamp, 'libtorch' | 'libtorchVersion'> | undefined;
  /** Why there is none to load, in one line. */
  why?: string;
  /** A LibTorch for which an addon would have to be built, and cannot be. */
  bare?: { problem: string; remedy: string };
}

/** The addon that a program would load, as the loader chooses it. */
export function findBuilt(env: NodeJS.ProcessEnv): Built {
  try {
    const [{ addon, libtorch, libtorchVersion, origin }] = candidates({}, env) as [Candidate];
    return { folder: path.dirname(addon), named: origin === 'INVSEG_ADDON', stamp: { libtorch, libtorchVersion } };
  } catch (error) {
    if (!(error instanceof InvSegError)) throw error;
    const named = env['INVSEG_ADDON'];
    if (named) return namedAddon(path.resolve(named), env);
    const why = error.message.split('\n')[0]!.replace(/ Looked at:$/, '');
    const found = error.code === 'ADDON_NOT_BUILT' ? chooseLibtorch(undefined, env).found : undefined;
    const bare = found && withoutHeaders(found);
    return { folder: BUILD_FOLDER, named: false, stamp: undefined, why, ...(bare && { bare }) };
  }
}

/** One that the loader refuses. */
function namedAddon(folder: string, env: NodeJS.ProcessEnv): Built {
  const stamp = readStamp(folder);
  const wrong = whyNoAddon(folder) ?? (stamp ? undefined : `has an ${STAMP} that is not of this version`);
  const choice = env['INVSEG_LIBTORCH'];
  const inspected = choice ? inspectLibraries(choice) : undefined;
  const chosen = inspected &&
    typeof inspected !== 'string' && { libtorch: path.resolve(choice!), libtorchVersion: inspected.version };
  return {
    folder,
    named: true,
    stamp: choice ? chosen || undefined : stamp,
    ...(wrong !== undefined && { why: `INVSEG_ADDON names ${folder}, which ${wrong}` }),
  };
}

function whyNoAddon(folder: string): string | undefined {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (!there) return 'does not exist';
  if (!there.isDirectory()) return 'is a file, and the folder that holds it is expected';
  const missing = [ADDON, SHIM, STAMP].filter((file) => !existsSync(path.join(folder, file)));
  return missing.length > 0 ? `lacks ${missing.join(', ')}` : undefined;
}

/** The LibTorch that the addon would be loaded with, else one that a set-up would build against. */
export async function checkLibtorch({ stamp, named, bare }: Built, env: NodeJS.ProcessEnv): Promise<Finding> {
  const attempts: Attempt[] = [];
  const finding = (status: Finding['status'], summary: string, wayOut?: string): Finding => {
    const places = attempts.map(({ source, place, outcome }) => ({ source, place, outcome }));
    return { check: 'libtorch', status, summary, ...(wayOut !== undefined && { wayOut }), facts: { places } };
  };
  if (bare) return finding('failed', bare.problem, bare.remedy);
  if (stamp) {
    // What is loaded needs no headers.
    const found = inspectLibraries(stamp.libtorch);
    const taken = typeof found !== 'string';
    attempts.push({ source: 'addon', place: stamp.libtorch, outcome: taken ? `LibTorch ${found.version}` : found });
    if (taken && found.version === stamp.libtorchVersion)
      return finding('ok', `LibTorch ${found.version} in ${stamp.libtorch}`);
    const why = taken ? `it is ${found.version} now and was ${stamp.libtorchVersion}` : found;
    return finding(
      'failed',
      `the LibTorch that the addon was built with, ${stamp.libtorch}, does not do: ${why}`,
      named
        ? `name another LibTorch with INVSEG_LIBTORCH, or ${CORRECT}`
        : `${SETUP} again, with INVSEG_LIBTORCH for another place`,
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
export async function checkAddon({ folder, named, why }: Built): Promise<{ finding: Finding; loaded?: Loaded }> {
  const finding = (status: Finding['status'], summary: string, wayOut?: string, facts: object = {}): Finding => ({
    check: 'addon',
    status,
    summary,
    ...(wayOut !== undefined && { wayOut }),
    facts: { folder, ...facts },
  });
  if (why !== undefined) return { finding: finding('failed', why, named ? CORRECT : SETUP) };
  const remedy = named ? CORRECT : 'build it for this host: `npx invseg setup --rebuild`';
  const { answer, ended } = await probe('load');
  if (!answer)
    return { finding: finding('failed', `the process that loads the addon from ${folder} ${ended}`, remedy) };
  if ('code' in answer)
    return { finding: finding('failed', answer.message.split('\n')[0]!, remedy, { code: answer.code }) };
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
