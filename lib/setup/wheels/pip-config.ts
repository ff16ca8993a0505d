/** pip's own settings: where its user gets packages from is where LibTorch's wheel comes from. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface PipSettings {
  /** `index-url`; undefined where nobody named one, so that the default suits the device. */
  index: string | undefined;
  extraIndexes: string[];
  /** Folders, files and pages with links. */
  findLinks: string[];
  noIndex: boolean;
  /** File of certificates in place of Node's own. */
  cert: string | undefined;
  /** Hosts, or `host:port`, whose certificate is not checked and that may be plain http. */
  trustedHosts: string[];
  /** In place of the variables of the environment. */
  proxy: string | undefined;
  /** Seconds without a byte. */
  timeout: number;
  /** Files that were read. */
  files: string[];
}

/** pip's default is 15 s, for each try. */
const TIMEOUT = 15;

/**
 * Reads pip's files in pip's order, then the variables `PIP_*`, which win.
 *
 * @see https://pip.pypa.io/en/stable/topics/configuration/
 */
export function pipSettings(env: NodeJS.ProcessEnv = process.env): PipSettings {
  const values = new Map<string, string>();
  const files: string[] = [];
  for (const file of configFiles(env)) {
    const text = read(file);
    if (text === undefined) continue;
    files.push(file);
    const sections = parseConfig(text);
    // A command's own section wins over the general one of the same file.
    for (const section of ['global', 'install']) {
      for (const [key, value] of sections.get(section) ?? []) values.set(key, value);
    }
  }
  for (const [name, value] of Object.entries(env)) {
    // pip takes an empty variable for one that is not set.
    if (name.startsWith('PIP_') && value) values.set(name.slice(4).toLowerCase().replaceAll('_', '-'), value);
  }
  const list = (key: string): string[] => (values.get(key) ?? '').split(/\s+/).filter(Boolean);
  return {
    index: values.get('index-url') ?? values.get('pypi-url'),
    extraIndexes: list('extra-index-url'),
    findLinks: list('find-links'),
    noIndex: isTrue(values.get('no-index')),
    cert:
      values.get('cert') ?? (env['REQUESTS_CA_BUNDLE'] || env['CURL_CA_BUNDLE'] || env['SSL_CERT_FILE'] || undefined),
    trustedHosts: list('trusted-host').map((host) => host.toLowerCase()),
    proxy: values.get('proxy'),
    timeout: Number(values.get('timeout') ?? values.get('default-timeout')) || TIMEOUT,
    files,
  };
}

function configFiles(env: NodeJS.ProcessEnv): string[] {
  const own = env['PIP_CONFIG_FILE'];
  if (own === '/dev/null') return [];
  const home = env['HOME'] || os.homedir();
  const darwin = process.platform === 'darwin';
  const global = (env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').filter(Boolean);
  const user = path.join(env['XDG_CONFIG_HOME'] || path.join(home, '.config'), 'pip', 'pip.conf');
  return [
    ...(darwin ? ['/Library/Application Support/pip/pip.conf'] : global.map((at) => path.join(at, 'pip', 'pip.conf'))),
    '/etc/pip.conf',
    path.join(home, '.pip', 'pip.conf'),
    ...(darwin ? [path.join(home, 'Library', 'Application Support', 'pip', 'pip.conf')] : []),
    user,
    ...(env['VIRTUAL_ENV'] ? [path.join(env['VIRTUAL_ENV'], 'pip.conf')] : []),
    ...(own ? [own] : []),
  ];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * As Python's configparser reads it: sections, `key = value` or `key: value`, and lines that are indented go on with the
 * value before them. npm's `ini` knows neither the colon nor lines that go on.
 */
export function parseConfig(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line);
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (header) {
      const name = header[1]!.trim();
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      key = undefined;
    } else if (section && key !== undefined && /^\s/.test(line)) {
      section.set(key, `${section.get(key)}\n${line.trim()}`.trim());
    } else if (section && pair) {
      key = pair[1]!.toLowerCase().replaceAll('_', '-');
      section.set(key, pair[2]!.trim());
    }
  }
  return sections;
}

const isTrue = (value: string | undefined): boolean => /^(1|y|yes|t|true|on)$/i.test(value ?? '');
