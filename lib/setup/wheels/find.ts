/** Finds wheels where pip would look for them: folders and pages of links, then the index, then the further ones. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvSegError } from '../../errors.js';
import { ACCEPT, readIndexPage, toLink, type WheelLink } from './index-page.js';
import type { PipSettings } from './pip-config.js';
import { compareVersions } from './versions.js';
import { failed, type Web } from './web.js';
import { fitsHost, normalise, parseWheelName, type WheelHost, type WheelName } from './wheel-name.js';

export interface Candidate extends WheelLink {
  wheel: WheelName;
  /** The place that named it. */
  place: string;
}

/** A place that was looked at, and what was there. */
export interface Looked {
  place: string;
  outcome: string;
}

export interface Search {
  name: string;
  /** Whether a version does, local label included. */
  accepts: (version: string) => boolean;
  /** Why the best wheel of a place does not do after all. */
  suits?: (best: Candidate) => Promise<string | undefined>;
  host: WheelHost;
  /** The index where pip's settings name none. */
  defaultIndex: string;
}

/**
 * Looks at one place after the other and stops at the first that has a wheel that does: another place cannot put a wheel of
 * the same name before it.
 *
 * @param looked takes what was found at each place
 */
export async function findWheel(
  web: Web,
  settings: PipSettings,
  search: Search,
  looked: Looked[],
  signal?: AbortSignal,
): Promise<Candidate | undefined> {
  for (const { address, page } of places(settings, search)) {
    const place = web.mask(address);
    try {
      const links = await linksAt(web, page, signal);
      const own = links.flatMap((link) => {
        const wheel = parseWheelName(link.filename);
        return wheel?.name === normalise(search.name) ? [{ ...link, wheel, place }] : [];
      });
      const fitting = own.filter(({ wheel, yanked }) => !yanked && search.accepts(wheel.version));
      const best = fitting.filter(({ wheel }) => fitsHost(wheel, search.host)).sort(byPreference)[0];
      const against = best && (await search.suits?.(best));
      if (best && against === undefined) {
        looked.push({ place, outcome: best.filename });
        return best;
      }
      looked.push({ place, outcome: best ? `has ${best.filename}, ${against}` : reason(own, fitting, search) });
    } catch (error) {
      // One that cannot be reached is no end where another has the wheel, as for pip.
      if (!(error instanceof InvSegError) || error.code !== 'DOWNLOAD_FAILED') throw error;
      looked.push({ place, outcome: error.message });
    }
  }
  return undefined;
}

function reason(own: readonly Candidate[], fitting: readonly Candidate[], { name, host }: Search): string {
  if (own.length === 0) return `has no wheel of ${name}`;
  if (fitting.length > 0) {
    return `has ${fitting[0]!.wheel.version}, but for none of ${host.platform} ${host.arch}${host.glibc ? ` with glibc ${host.glibc}` : ''}`;
  }
  const versions = [...new Set(own.map(({ wheel }) => wheel.version))];
  return `has ${versions.slice(-8).join(', ')}${versions.length > 8 ? ' and others' : ''} alone`;
}

/**
 * The newest version first, then those with a label (`+cpu`), then those with a hash, then the newest Python that is not
 * free-threaded: LibTorch's libraries are the same for all.
 */
function byPreference(a: Candidate, b: Candidate): number {
  const rank = ({ sha256, wheel }: Candidate): number => {
    const python = Number(/^cp3(\d+)/.exec(wheel.python)?.[1] ?? 0);
    const label = wheel.version.includes('+') ? 100_000 : 0;
    return label + (sha256 ? 10_000 : 0) + (/\dt$/.test(wheel.abi) ? 0 : 1000) + python;
  };
  return compareVersions(b.wheel.version, a.wheel.version) || rank(b) - rank(a) || (a.filename < b.filename ? -1 : 1);
}

/** Addresses as the user gave them, and the page of each that has the links. */
function places(settings: PipSettings, search: Search): { address: string; page: string }[] {
  const links = settings.findLinks.map((address) => ({ address, page: toUrl(address) }));
  if (settings.noIndex) return links;
  const indexes = [settings.index ?? search.defaultIndex, ...settings.extraIndexes].map((address) => ({
    address,
    page: `${toUrl(address).replace(/\/+$/, '')}/${normalise(search.name)}/`,
  }));
  return [...links, ...indexes];
}

const toUrl = (address: string): string =>
  /^(https?|file):/i.test(address) ? address : pathToFileURL(path.resolve(address)).href;

async function linksAt(web: Web, page: string, signal: AbortSignal | undefined): Promise<WheelLink[]> {
  if (page.startsWith('file:')) return linksOfFolder(fileURLToPath(page));
  const { status, bytes, type, url } = await web.page(page, ACCEPT, signal);
  if (status === 404 || status === 410) return [];
  if (status !== 200) throw refused(web.mask(page), status);
  try {
    return readIndexPage(bytes.toString('utf8'), type, url);
  } catch (error) {
    throw failed(`${web.mask(page)} sends invalid JSON`, 'name another index with PIP_INDEX_URL', {
      cause: error,
    });
  }
}

/** An address that answers with an error; `what` has no users in it. */
export function refused(what: string, status: number): InvSegError {
  if (status === 401 || status === 403) {
    const give = 'give it a user and a password or token: PIP_INDEX_URL=https://user:token@host/simple, or ~/.netrc';
    return failed(`${what} refuses without the right user (HTTP ${status})`, give);
  }
  if (status === 407) {
    return failed(
      `the proxy wants a user (HTTP 407) before it asks for ${what}`,
      'HTTPS_PROXY=http://user:password@host:port',
    );
  }
  return failed(`${what} answers HTTP ${status}`, 'try again later, or name another index with PIP_INDEX_URL');
}

/** A folder of wheels, a folder with a page of links, or such a page. */
function linksOfFolder(folder: string): WheelLink[] {
  let page = folder;
  try {
    if (statSync(folder).isDirectory()) {
      const names = readdirSync(folder);
      if (!names.includes('index.html')) {
        return names.flatMap((name) => {
          const url = pathToFileURL(path.join(folder, name));
          const link = toLink(url.href, url.href, name);
          return link ? [{ ...link, size: statSync(url).size }] : [];
        });
      }
      page = path.join(folder, 'index.html');
    }
    return readIndexPage(readFileSync(page, 'utf8'), 'text/html', pathToFileURL(page).href);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw failed(`${page} cannot be read: ${(error as Error).message}`, 'correct it in the settings of pip');
  }
}
