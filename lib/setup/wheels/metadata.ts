/** What an index tells of a wheel before it is downloaded. */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Host } from '../../native/index.js';
import { type Candidate, refused } from './find.js';
import type { PipSettings } from './pip-config.js';
import { Wheel } from './unpack.js';
import type { Web } from './web.js';
import { failed } from './web.js';

/** What was asked, where to look, and how. */
export interface Context {
  web: Web;
  settings: PipSettings;
  host: Host;
  signal?: AbortSignal | undefined;
}

/** METADATA of a wheel on this machine, or as the index serves it; undefined where neither is there. */
export async function metadataOf(candidate: Candidate, { web, signal }: Context): Promise<string | undefined> {
  if (candidate.url.startsWith('file:')) return metadataInside(fileURLToPath(candidate.url));
  if (!candidate.metadata) return undefined;
  const { status, bytes } = await web.page(`${candidate.url}.metadata`, '*/*', signal);
  return status === 200 ? bytes.toString('utf8') : undefined;
}

/** METADATA of a wheel that is a list of others, which is read whole and kept nowhere. */
export async function metadataOfSmall({ url, sha256, filename }: Candidate, { web, signal }: Context): Promise<string> {
  const { status, bytes } = await web.page(url, '*/*', signal);
  if (status !== 200) throw refused(web.mask(url), status);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== undefined && digest !== sha256)
    throw failed(
      `expected ${filename} with the SHA-256 ${sha256} of the index, but it has ${digest}`,
      'name another index',
    );
  return (await metadataInside(bytes, filename)) ?? '';
}

async function metadataInside(file: string | Buffer, name?: string): Promise<string | undefined> {
  const wheel = await Wheel.open(file, name);
  try {
    return await wheel.info('METADATA');
  } finally {
    wheel.close();
  }
}

/** Bytes of a wheel, by its page or by asking for its first byte; undefined where the server does not tell. */
export async function sizeOf({ url, size }: Candidate, { web, signal }: Context): Promise<number | undefined> {
  if (size !== undefined || url.startsWith('file:')) return size ?? (await stat(fileURLToPath(url))).size;
  const { headers, body, status } = await web.open(url, { range: 'bytes=0-0' }, signal);
  body.on('error', () => {}).destroy();
  if (status === 206) return Number(/\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]) || undefined;
  return status === 200 ? Number(headers['content-length']) || undefined : undefined;
}
