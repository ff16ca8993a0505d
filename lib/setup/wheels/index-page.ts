/** A page of a package index: HTML (PEP 503) or JSON (PEP 691). */
import { Parser } from 'htmlparser2';

export interface WheelLink {
  filename: string;
  /** Absolute, without its fragment. */
  url: string;
  sha256: string | undefined;
  /** Bytes, where the index tells. */
  size: number | undefined;
  yanked: boolean;
  /** Whether the index serves the wheel's METADATA beside it (PEP 658, PEP 714). */
  metadata: boolean;
}

/** What a request asks for: JSON where the index has it. */
export const ACCEPT =
  'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1, */*;q=0.01';

/**
 * @param base the page's own address, after redirects
 * @returns its links to wheels; what is no wheel, or cannot be resolved, is left out
 * @throws {SyntaxError} JSON that is none
 */
export function readIndexPage(body: string, contentType: string, base: string): WheelLink[] {
  return /^application\/vnd\.pypi\.simple\.v1\+json\b/i.test(contentType) ? fromJson(body, base) : fromHtml(body, base);
}

interface JsonFile {
  filename?: unknown;
  url?: unknown;
  hashes?: { sha256?: unknown };
  size?: unknown;
  yanked?: unknown;
  'core-metadata'?: unknown;
  'dist-info-metadata'?: unknown;
}

function fromJson(body: string, base: string): WheelLink[] {
  const { files } = JSON.parse(body) as { files?: unknown };
  if (!Array.isArray(files)) return [];
  return (files as JsonFile[]).flatMap((file) => {
    if (typeof file?.url !== 'string') return [];
    const link = toLink(file.url, base, typeof file.filename === 'string' ? file.filename : undefined);
    if (!link) return [];
    const size =
      typeof file.size === 'number' && Number.isSafeInteger(file.size) && file.size > 0 ? file.size : undefined;
    const metadata = Boolean(file['core-metadata'] ?? file['dist-info-metadata']);
    const yanked = Boolean(file.yanked);
    return [{ ...link, sha256: sha256Of(file.hashes?.sha256) ?? link.sha256, size, yanked, metadata }];
  });
}

function fromHtml(body: string, base: string): WheelLink[] {
  const links: WheelLink[] = [];
  let from = base;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'base' && attributes['href']) from = resolve(attributes['href'], base)?.href ?? from;
      if (name !== 'a' || !attributes['href']) return;
      const link = toLink(attributes['href'], from);
      if (!link) return;
      const metadata = 'data-core-metadata' in attributes || 'data-dist-info-metadata' in attributes;
      links.push({ ...link, yanked: 'data-yanked' in attributes, metadata });
    },
  });
  parser.end(body);
  return links;
}

/** A link by its address; also for what stands in a folder. */
export function toLink(href: string, base: string, filename?: string): WheelLink | undefined {
  const url = resolve(href, base);
  if (!url || !/^(https?|file):$/.test(url.protocol)) return undefined;
  // A page from the network names no file of this machine.
  if (url.protocol === 'file:' && !base.startsWith('file:')) return undefined;
  const sha256 = sha256Of(/(?:^|[#&])sha256=([^&]+)/.exec(url.hash)?.[1]);
  url.hash = '';
  const name = filename ?? decode(url.pathname.split('/').at(-1) ?? '');
  // The name becomes the name of a file.
  if (!/^[\w.+!-]+\.whl$/.test(name)) return undefined;
  return { filename: name, url: url.href, sha256, size: undefined, yanked: false, metadata: false };
}

function resolve(href: string, base: string): URL | undefined {
  return URL.canParse(href, base) ? new URL(href, base) : undefined;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const sha256Of = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined;
