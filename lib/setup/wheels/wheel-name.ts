/** Names of wheels say what they are for (PEP 427): name-version(-build)?-python-abi-platform.whl. */

export interface WheelName {
  /** Normalised (PEP 503). */
  name: string;
  version: string;
  python: string;
  abi: string;
  platforms: string[];
}

/** Where a wheel's libraries are to run. */
export interface WheelHost {
  platform: NodeJS.Platform;
  arch: string;
  /** Version of glibc, on Linux. */
  glibc: string | undefined;
}

export const normalise = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

export function parseWheelName(filename: string): WheelName | undefined {
  const parts = filename.replace(/\.whl$/, '').split('-');
  if (!filename.endsWith('.whl') || (parts.length !== 5 && parts.length !== 6)) return undefined;
  const [name, version] = parts as [string, string];
  const [python, abi, platform] = parts.slice(-3) as [string, string, string];
  return { name: normalise(name), version, python, abi, platforms: platform.split('.') };
}

/** Whether the libraries of a wheel run on the host. The Python that it is for does not matter: no library here needs one. */
export function fitsHost({ platforms }: WheelName, host: WheelHost): boolean {
  return platforms.some((tag) => tag === 'any' || fitsTag(tag, host));
}

/** Processors as Linux and macOS call them in the tags. */
const PROCESSORS: Record<string, readonly string[]> = { x64: ['x86_64'], arm64: ['aarch64', 'arm64'] };

const LEGACY: Record<string, string> = { manylinux1: '2.5', manylinux2010: '2.12', manylinux2014: '2.17' };

function fitsTag(tag: string, { platform, arch, glibc }: WheelHost): boolean {
  const processor = PROCESSORS[arch]?.find((name) => tag.endsWith(`_${name}`));
  if (processor === undefined) return false;
  const system = tag.slice(0, -processor.length - 1);
  if (platform === 'darwin') return system.startsWith('macosx_');
  if (platform !== 'linux' || glibc === undefined) return false;
  if (system === 'linux') return true;
  const named = /^manylinux_(\d+)_(\d+)$/.exec(system);
  const needed = named ? `${named[1]}.${named[2]}` : LEGACY[system];
  if (needed === undefined) return false;
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
