/** The host that a binary has to fit. */

export interface Host {
  platform: NodeJS.Platform;
  arch: string;
  /** Version of glibc, such as `2.36`; undefined where there is none: another system, or a Linux with musl. */
  glibc: string | undefined;
}

let known: Host | undefined;

export function thisHost(): Host {
  known ??= { platform: process.platform, arch: process.arch, glibc: glibcVersion() };
  return known;
}

function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // Interfaces and open sockets would be looked up by name, which can take seconds.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    return (report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = excludeNetwork ?? false;
  }
}

/** Why nothing of this package can run there, in one line; undefined where it can. */
export function unsupported({ platform, arch, glibc }: Host): string | undefined {
  const here = `invseg-native runs on Linux with glibc and on macOS, x64 and arm64, and this is`;
  if (platform !== 'linux' && platform !== 'darwin')
    return `${here} ${platform} ${arch}${platform === 'win32' ? ': use WSL 2' : ''}.`;
  if (arch !== 'x64' && arch !== 'arm64') return `${here} ${platform} ${arch}: use a 64-bit Node for one of these.`;
  if (platform === 'linux' && glibc === undefined)
    return `${here} a Linux without glibc (Alpine has musl), which LibTorch needs: use a distribution with glibc, such as Debian.`;
  return undefined;
}
