/** Fetches LibTorch without Python: chooses the device, plans what is to be fetched, checks that there is room, and installs it. */
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvSegError } from '../errors.js';
import { LIBTORCH_PIN, libtorchCache, thisHost, unsupported } from '../native/index.js';
import { type Gpu, nvidiaGpus, olderDriver } from '../system/index.js';
import { bytesText, type Progress, progressLines } from './progress.js';
import { checkSpace } from './space.js';
import type { Log } from './tools.js';
import { downloadFolder, installWheels } from './wheels/install.js';
import type { Context } from './wheels/metadata.js';
import { pipSettings } from './wheels/pip-config.js';
import { type FetchPlan, planFetch, UNKNOWN_CUDA, type Wish } from './wheels/plan.js';
import { Web } from './wheels/web.js';

export interface FetchOptions {
  /** Undefined: CUDA where NVIDIA's driver answers and is new enough, else the CPU. */
  cuda?: boolean | undefined;
  /** A file or an address of torch's wheel. */
  wheel?: string | undefined;
  log: Log;
  progress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What would be fetched, and the way to do it. */
export interface Fetch extends FetchPlan {
  /** `CPU` or `CUDA 13.0`. */
  device: string;
  /** To be downloaded; undefined where a server does not tell, and without NVIDIA's where those are not known yet. */
  bytes: number | undefined;
  /** To be written in the end, by what wheels of this kind have unpacked. */
  unpacked: number;
  /** Where it goes. */
  folder: string;
  /** Installs it. @returns root of the LibTorch */
  install(headers: boolean): Promise<string>;
  close(): Promise<void>;
}

/** Bytes unpacked for each byte of a wheel: 2.5 for the CPU's (2.13), 1.6 for CUDA's (2.14.1 with CUDA 13). */
const GROWTH = { cpu: 2.5, cuda: 1.6 } as const;

/** Bytes of a wheel where nobody tells: those of 2.13 for the CPU, of 2.14.1 with all of NVIDIA's. */
const USUAL = { cpu: 192e6, cuda: 2.8e9 } as const;

/**
 * Asks the indices; writes nothing.
 *
 * @throws {InvSegError} `DOWNLOAD_FAILED`, `INVALID_OPTION`; `SETUP_FAILED` on a host that has no LibTorch, and where there is no room
 */
export async function planFor(options: FetchOptions, env: NodeJS.ProcessEnv = process.env): Promise<Fetch> {
  const host = thisHost();
  const against = unsupported(host);
  if (against) throw new InvSegError('SETUP_FAILED', against);
  const gpus = await nvidiaGpus(env);
  const wish: Wish = { version: LIBTORCH_PIN, cuda: choose(options, gpus), wheel: options.wheel };
  const settings = pipSettings(env);
  const web = new Web(settings, options.wheel ? [options.wheel] : [], env);
  const context: Context = { web, settings, host, signal: options.signal };
  try {
    const plan = await planFetch(wish, context);
    checkDevice(plan, options, gpus);
    return describe(plan, wish, context, options, env);
  } catch (error) {
    await web.close();
    throw error;
  }
}

function describe(
  plan: FetchPlan,
  wish: Wish,
  context: Context,
  { log, progress = progressLines(log) }: FetchOptions,
  env: NodeJS.ProcessEnv,
): Fetch {
  const kind = plan.cuda === null ? 'cpu' : 'cuda';
  // One folder for each release: what is for CUDA takes the place of what is for the CPU.
  const folder = path.join(path.dirname(libtorchCache(env)), plan.version.split('+')[0]!);
  const remote = plan.wheels.filter(({ url }) => !url.startsWith('file:'));
  const known = plan.wheels.every(({ size }) => size !== undefined);
  const sum = (sizes: readonly { size: number | undefined }[]): number =>
    sizes.reduce((all, { size = 0 }) => all + size, 0);
  const bytes = known ? sum(remote) : undefined;
  const unpacked = Math.round((known && !plan.incomplete ? sum(plan.wheels) : USUAL[kind]) * GROWTH[kind]);
  checkSpace(
    downloadFolder(env),
    (bytes ?? USUAL[kind]) + unpacked,
    `LibTorch for ${kind === 'cpu' ? 'the CPU' : 'CUDA'}`,
  );
  const replan = (file: string): Promise<FetchPlan> => planFetch({ ...wish, wheel: pathToFileURL(file).href }, context);
  return {
    ...plan,
    device: plan.cuda === null ? 'CPU' : plan.cuda === UNKNOWN_CUDA ? 'CUDA' : `CUDA ${plan.cuda}`,
    bytes,
    unpacked,
    folder,
    install: (headers) =>
      installWheels(plan, { folder, named: wish.wheel !== undefined, headers, replan, env, log, progress }, context),
    close: () => context.web.close(),
  };
}

function choose({ cuda, wheel, log }: FetchOptions, gpus: readonly Gpu[]): boolean {
  if (cuda === true && process.platform !== 'linux') {
    throw new InvSegError(
      'INVALID_OPTION',
      `--cuda: expected Linux, for there is no CUDA on ${os.platform()}: leave it out.`,
    );
  }
  if (cuda !== undefined || wheel !== undefined) return cuda ?? false;
  const [gpu] = gpus;
  if (process.platform !== 'linux' || !gpu) return false;
  const old = olderDriver(gpus, CUDA_OF_PIN);
  if (!old) return true;
  log(
    `${gpu.name} has the driver ${old.found}, and LibTorch ${LIBTORCH_PIN} for CUDA ${CUDA_OF_PIN} needs ${old.needed}: ` +
      'taking LibTorch for the CPU. After an update of the driver: npx invseg setup --cuda',
  );
  return false;
}

/** Of PyPI's wheels of the pinned release. */
const CUDA_OF_PIN = '13';

function checkDevice({ cuda, wheels }: FetchPlan, options: FetchOptions, gpus: readonly Gpu[]): void {
  const name = wheels[0]!.filename;
  const refuse = (what: string): never => {
    throw new InvSegError('INVALID_OPTION', `--wheel: ${what}.`);
  };
  if (options.wheel !== undefined && options.cuda === false && cuda !== null)
    refuse(`${name} is a build for CUDA, and --cpu asks for one for the CPU: leave one of them out`);
  if (options.wheel !== undefined && options.cuda === true && cuda === null)
    refuse(`${name} is a build for the CPU, and --cuda asks for one for CUDA: leave one of them out`);
  const old = cuda === null ? undefined : olderDriver(gpus, cuda);
  if (old)
    options.log(
      `Note: CUDA ${cuda} needs NVIDIA's driver ${old.needed} or newer, and this host has ${old.found}: update it.`,
    );
  else if (cuda !== null && gpus.length === 0)
    options.log(
      "Note: this host has no driver of NVIDIA's (nvidia-smi does not answer); LibTorch for CUDA runs on the CPU here.",
    );
}

/** `CPU, 192 MB` or `CUDA 13.0, 2.7 GB in 15 wheels`. */
export function sizeText({ device, bytes, wheels, incomplete }: Fetch): string {
  const size = bytes === undefined ? 'size not told' : bytes === 0 ? 'nothing to download' : bytesText(bytes);
  const more = incomplete ? ` and NVIDIA's wheels, about ${bytesText(2.1e9)}` : '';
  return `${device}, ${size}${wheels.length > 1 ? ` in ${wheels.length} wheels` : ''}${more}`;
}
