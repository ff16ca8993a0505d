/** Which wheels make a LibTorch: torch's own, and for CUDA those of NVIDIA that its METADATA names. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvSegError } from '../../errors.js';
import { type Host, inRange, range } from '../../native/index.js';
import { type Candidate, findWheel, type Looked } from './find.js';
import { toLink } from './index-page.js';
import type { Context } from './metadata.js';
import { metadataOf, metadataOfSmall, sizeOf } from './metadata.js';
import { holds, markerVariables, type Requirement, requirementsOf } from './requirements.js';
import { parseVersion, satisfies } from './versions.js';
import { failed } from './web.js';
import { fitsHost, parseWheelName } from './wheel-name.js';

/** Of PyTorch's own builds for the CPU, and of PyPI's, which on Linux are for CUDA. Used where pip's settings name no index. */
const DEFAULT_INDEX = { cpu: 'https://download.pytorch.org/whl/cpu', cuda: 'https://pypi.org/simple' } as const;

export interface Wish {
  /** Release of torch, such as `2.13.0`. */
  version: string;
  cuda: boolean;
  /** A file or an address of torch's wheel in place of the one that would be found. */
  wheel?: string | undefined;
}

/** Where neither the wheel's name nor the index tells. */
export const UNKNOWN_CUDA = 'unknown';

export interface FetchPlan {
  /** As the wheel has it, such as `2.13.0+cpu`. */
  version: string;
  /** Version of CUDA, such as `13.0` or `13`, or {@link UNKNOWN_CUDA}; null for the CPU. */
  cuda: string | null;
  wheels: Candidate[];
  /** Whether NVIDIA's wheels are known only when torch's own is there: its index does not tell what it needs. */
  incomplete: boolean;
  looked: Looked[];
}

/**
 * Reads pages of indices and no wheel but those on this machine; writes nothing.
 *
 * @throws {InvSegError} `DOWNLOAD_FAILED` with every place that was looked at where there is none that does; `INVALID_OPTION` where the
 * wheel that was named is of another package, version, host or device
 */
export async function planFetch(wish: Wish, context: Context): Promise<FetchPlan> {
  const looked: Looked[] = [];
  const torch = wish.wheel === undefined ? await findTorch(wish, context, looked) : named(wish.wheel, context);
  const metadata = await metadataOf(torch, context);
  const needs = metadata === undefined ? undefined : requirementsOf(metadata).filter(isCuda);
  const cuda = cudaOf(torch, needs);
  const companions = cuda !== null && needs ? await companionsOf(torch, needs, context, looked) : [];
  const wheels: Candidate[] = [];
  for (const wheel of [torch, ...companions]) wheels.push({ ...wheel, size: await sizeOf(wheel, context) });
  const incomplete = cuda !== null && needs === undefined;
  return { version: torch.wheel.version, cuda, wheels, incomplete, looked };
}

async function findTorch({ version, cuda }: Wish, context: Context, looked: Looked[]): Promise<Candidate> {
  const { web, settings, host, signal } = context;
  const accepts = (found: string): boolean => {
    const local = parseVersion(found)?.local;
    // Without a label it is the index's usual build: for CUDA on Linux, for the CPU elsewhere, and METADATA tells.
    const labelled = local === undefined || (cuda ? /^cu\d/.test(local) : local === 'cpu');
    return labelled && satisfies(found, `==${version}`);
  };
  const suits = async (candidate: Candidate): Promise<string | undefined> => {
    if (parseVersion(candidate.wheel.version)?.local !== undefined) return undefined;
    const metadata = await metadataOf(candidate, context);
    const forCuda = metadata === undefined ? host.platform === 'linux' : requirementsOf(metadata).some(isCuda);
    return forCuda === cuda ? undefined : `a build for ${forCuda ? 'CUDA' : 'the CPU'}`;
  };
  const defaultIndex = cuda ? DEFAULT_INDEX.cuda : DEFAULT_INDEX.cpu;
  const found = await findWheel(web, settings, { name: 'torch', host, defaultIndex, accepts, suits }, looked, signal);
  if (found) return found;
  throw none(version, cuda, host, looked);
}

function none(version: string, cuda: boolean, host: Host, looked: readonly Looked[]): InvSegError {
  const where = `${host.platform} ${host.arch}${host.glibc ? ` with glibc ${host.glibc}` : ''}`;
  const places = looked.map(({ place, outcome }) => `  ${place}: ${outcome}`).join('\n');
  const other = cuda ? 'of builds for CUDA' : 'of builds for the CPU';
  return new InvSegError(
    'DOWNLOAD_FAILED',
    `No wheel of torch ${version} for ${cuda ? 'CUDA' : 'the CPU'} and ${where} was found. Looked at:\n${places}\n` +
      'Possible solutions:\n' +
      `  name an index ${other} with PIP_INDEX_URL, or a proxy with HTTPS_PROXY;\n` +
      '  fetch the wheel on another machine and give it with `npx invseg setup --wheel FILE`;\n' +
      `  ask for ${cuda ? 'the build for the CPU with --cpu' : 'the build for CUDA with --cuda'}.`,
  );
}

/** The wheel that the user named, by a path or an address. */
function named(given: string, { host }: Context): Candidate {
  const url = /^(https?|file):/i.test(given) ? given : pathToFileURL(path.resolve(given)).href;
  const link = URL.canParse(url) ? toLink(url, url) : undefined;
  const wheel = link && parseWheelName(link.filename);
  const refuse = (what: string): never => {
    throw new InvSegError('INVALID_OPTION', `--wheel: expected a wheel of torch ${range} for this host, but ${what}.`);
  };
  if (!link || !wheel)
    return refuse(`${shown(given)} does not have the name of one (torch-<version>-<python>-<abi>-<platform>.whl)`);
  if (wheel.name !== 'torch') return refuse(`${link.filename} is one of ${wheel.name}`);
  if (!inRange(wheel.version)) return refuse(`${link.filename} is of ${wheel.version}`);
  if (!fitsHost(wheel, host))
    return refuse(`${link.filename} is not for ${host.platform} ${host.arch}, glibc ${host.glibc ?? 'none'}`);
  if (link.url.startsWith('file:') && !existsSync(fileURLToPath(link.url)))
    return refuse(`${fileURLToPath(link.url)} does not exist`);
  return { ...link, wheel, place: '--wheel' };
}

const shown = (address: string): string => address.replace(/(:\/\/)[^/@]*@/, '$1***@').replace(/\?.*$/, '?***');

/** Libraries of CUDA; the other requirements are Python's. */
const isCuda = ({ name }: Requirement): boolean => name === 'cuda-toolkit' || name.startsWith('nvidia-');

/** Version of CUDA by the wheel's label (`cu130` is 13.0), or by the toolkit that it needs. */
function cudaOf(torch: Candidate, needs: readonly Requirement[] | undefined): string | null {
  const label = /^cu(\d+)(\d)$/.exec(parseVersion(torch.wheel.version)?.local ?? '');
  if (label) return `${label[1]}.${label[2]}`;
  if (parseVersion(torch.wheel.version)?.local === 'cpu' || needs?.length === 0) return null;
  const toolkit = needs?.find(({ name }) => name === 'cuda-toolkit')?.specifier.match(/\d+\.\d+/)?.[0];
  const suffix = needs?.map(({ name }) => /-cu(\d+)$/.exec(name)?.[1]).find(Boolean);
  const known = toolkit ?? suffix;
  if (known !== undefined) return known;
  return torch.wheel.platforms.some((tag) => tag.startsWith('macosx')) ? null : UNKNOWN_CUDA;
}

/** The wheels of NVIDIA's libraries. The toolkit's own wheel is a list of the others. */
async function companionsOf(
  torch: Candidate,
  needs: readonly Requirement[],
  context: Context,
  looked: Looked[],
): Promise<Candidate[]> {
  const python = /^cp3(\d+)$/.exec(torch.wheel.python)?.[1] ?? '12';
  const variables = markerVariables(context.host, `3.${python}`);
  const wanted = new Map<string, string[]>();
  const add = ({ name, specifier }: Requirement): void =>
    void wanted.set(name, [...(wanted.get(name) ?? []), specifier]);
  for (const need of needs.filter(({ marker }) => holds(marker, variables, []))) {
    if (need.name !== 'cuda-toolkit') {
      add(need);
      continue;
    }
    const toolkit = await findCompanion(need.name, [need.specifier], context, looked);
    const metadata = (await metadataOf(toolkit, context)) ?? (await metadataOfSmall(toolkit, context));
    for (const part of requirementsOf(metadata).filter(isCuda))
      if (holds(part.marker, variables, need.extras)) add(part);
  }
  const wheels: Candidate[] = [];
  for (const [name, specifiers] of wanted) wheels.push(await findCompanion(name, specifiers, context, looked));
  return wheels;
}

async function findCompanion(
  name: string,
  specifiers: string[],
  context: Context,
  looked: Looked[],
): Promise<Candidate> {
  const { web, settings, host, signal } = context;
  const own: Looked[] = [];
  const accepts = (version: string): boolean => specifiers.every((specifier) => satisfies(version, specifier));
  const search = { name, accepts, host, defaultIndex: DEFAULT_INDEX.cuda };
  const found = await findWheel(web, settings, search, own, signal);
  looked.push(...own.filter(({ place }) => !looked.some((before) => before.place === place)));
  if (found) return found;
  const places = own.map(({ place, outcome }) => `  ${place}: ${outcome}`).join('\n');
  throw failed(
    `no wheel of ${name} ${specifiers.join(',')} was found, which torch's build for CUDA needs. Looked at:\n${places}\nPossible solutions`,
    'name an index that has it with PIP_EXTRA_INDEX_URL, a folder with PIP_FIND_LINKS, or take the build for the CPU with --cpu',
  );
}
