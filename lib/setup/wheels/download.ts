/** Downloads a wheel: goes on with what an earlier run left, and checks the hash that the index gives. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InvSegError } from '../../errors.js';
import { makeFolderSync } from '../../system/index.js';
import type { Advance } from '../progress.js';
import { refused } from './find.js';
import { failed, isPassing, mayPass, type Reply, type Web } from './web.js';

export interface Wanted {
  filename: string;
  url: string;
  /** Undefined where nothing gives one. */
  sha256: string | undefined;
  /** Bytes, where the index tells. */
  size: number | undefined;
}

/** Larger than any wheel of an index: PyPI allows 1 GiB and less, NVIDIA's largest are below it. */
const LIMIT = 4 * 2 ** 30;
/** Tries one after the other that bring no byte. */
const TRIES = 4;

/** What the `.part` beside it is the beginning of. */
interface Begun {
  sha256: string | null;
  etag: string | null;
}

/**
 * @param folder takes `<filename>`, and `<filename>.part` until all of it is there
 * @returns the file, whose hash is the one that was wanted; a wheel on this machine stays where it is
 * @throws {InvSegError} `DOWNLOAD_FAILED`, `ABORTED` (what is there is kept), `SETUP_FAILED` where the disk is full
 */
export async function download(
  web: Web,
  wanted: Wanted,
  folder: string,
  advance: Advance,
  signal?: AbortSignal,
): Promise<string> {
  if (wanted.url.startsWith('file:')) return checkLocal(wanted, advance);
  const file = path.join(folder, wanted.filename);
  if (existsSync(file)) {
    if (wanted.sha256 !== undefined && (await hashOf(file)).digest('hex') === wanted.sha256) return file;
    rmSync(file);
  }
  makeFolderSync(folder);
  const part = `${file}.part`;
  const resumed = sizeOf(part) > 0;
  const digest = await fetchAll(web, wanted, part, advance, signal);
  if (wanted.sha256 !== undefined && digest !== wanted.sha256) {
    forget(part);
    // What an earlier run left may be of another file.
    if (resumed) return download(web, wanted, folder, advance, signal);
    throw wrongHash(wanted, digest, web.mask(wanted.url));
  }
  await rename(part, file);
  rmSync(infoOf(part), { force: true });
  return file;
}

const wrongHash = ({ filename, sha256 }: Wanted, digest: string, from: string): InvSegError =>
  failed(
    `expected ${filename} with the SHA-256 ${sha256} of the index, but ${from} sent one with ${digest}`,
    'it was changed on its way, or the index is wrong; try again, or name another index with PIP_INDEX_URL',
  );

async function checkLocal(wanted: Wanted, advance: Advance): Promise<string> {
  const file = fileURLToPath(wanted.url);
  if (!existsSync(file)) throw failed(`${file} does not exist`, 'correct the address');
  const digest = wanted.sha256 === undefined ? undefined : (await hashOf(file)).digest('hex');
  if (digest !== undefined && digest !== wanted.sha256) throw wrongHash(wanted, digest, file);
  const size = sizeOf(file);
  advance(size, size);
  return file;
}

/** @returns SHA-256 of all that `part` holds at the end */
async function fetchAll(
  web: Web,
  wanted: Wanted,
  part: string,
  advance: Advance,
  signal: AbortSignal | undefined,
): Promise<string> {
  if (!fitsBegun(part, wanted)) forget(part);
  let last: InvSegError | undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries > 0) await sleep(250 * 2 ** tries, undefined, signal ? { signal } : {}).catch(() => {});
    const before = sizeOf(part);
    try {
      if (await fetchOnce(web, wanted, part, advance, signal)) return (await hashOf(part)).digest('hex');
      last = failed(`${web.mask(wanted.url)} ended before the end of the file`, RESUME);
    } catch (error) {
      if (!isPassing(error)) throw error;
      last = error as InvSegError;
    }
    // A connection that is cut again and again gets there as long as each brings something.
    if (sizeOf(part) > before) tries = 0;
  }
  throw last!;
}

const RESUME = 'run the same command again to resume';

/** One request. @returns whether all of the file is there */
async function fetchOnce(
  web: Web,
  wanted: Wanted,
  part: string,
  advance: Advance,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let at = sizeOf(part);
  if (wanted.size !== undefined && at === wanted.size) return true;
  const { etag } = begun(part);
  const range = at === 0 ? {} : { range: `bytes=${at}-`, ...(wanted.sha256 === undefined && { 'if-range': etag! }) };
  const reply = await web.open(wanted.url, range, signal);
  const total = await lengthOf(reply, at, wanted, web.mask(wanted.url));
  if (total === 'anew') {
    reply.body.on('error', () => {}).destroy();
    forget(part);
    return false;
  }
  if (reply.status === 200) at = 0;
  writeFileSync(
    infoOf(part),
    JSON.stringify({ sha256: wanted.sha256 ?? null, etag: strongTag(reply) } satisfies Begun),
  );
  const limit = total ?? wanted.size ?? LIMIT;
  const handle = await open(part, at === 0 ? 'w' : 'a');
  try {
    for await (const bytes of reply.body as AsyncIterable<Buffer>) {
      at += bytes.length;
      if (at > limit) throw failed(`${web.mask(wanted.url)} sends more than ${limit} bytes`, ANOTHER);
      await write(handle, bytes, part);
      advance(at, total ?? wanted.size);
    }
  } catch (error) {
    if (signal?.aborted) throw new InvSegError('ABORTED', `The download was interrupted: ${RESUME}.`);
    if (error instanceof InvSegError) throw error;
    const { message } = error as Error;
    throw mayPass(failed(`the connection to ${web.mask(wanted.url)} was cut after ${at} bytes (${message})`, RESUME));
  } finally {
    await handle.close();
  }
  return at === (total ?? at);
}

const ANOTHER = 'name another index with PIP_INDEX_URL';

/** The whole file's length by the reply's headers, `anew` where what is there cannot be gone on with, undefined where unknown. */
async function lengthOf(reply: Reply, at: number, wanted: Wanted, from: string): Promise<number | undefined | 'anew'> {
  const { status, headers } = reply;
  const number = (text: string | undefined): number | undefined =>
    /^\d+$/.test(text ?? '') ? Number(text) : undefined;
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  const end = (error: InvSegError): never => {
    reply.body.on('error', () => {}).destroy();
    throw error;
  };
  if (status === 416 || (status === 206 && Number(range?.[1]) !== at)) return 'anew';
  if (status !== 200 && status !== 206) {
    const error = refused(from, status);
    return end(status >= 500 || status === 408 || status === 429 ? mayPass(error) : error);
  }
  const total = status === 206 ? number(range?.[2]) : number(headers['content-length']);
  if (total !== undefined && wanted.size !== undefined && total !== wanted.size) {
    const said = `the index says ${wanted.size} bytes for ${wanted.filename} and ${from} sends ${total}`;
    return end(failed(said, ANOTHER));
  }
  if (total !== undefined && total > LIMIT) {
    const most = `${from} sends ${total} bytes, and no wheel has more than ${LIMIT}`;
    return end(failed(most, ANOTHER));
  }
  return total;
}

async function write(handle: FileHandle, bytes: Buffer, part: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done)).bytesWritten;
  } catch (error) {
    const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    const wayOut = full
      ? 'make room, or name another folder with INVSEG_CACHE'
      : 'name another folder with INVSEG_CACHE';
    const what = full ? 'The disk is full' : (error as Error).message;
    throw new InvSegError('SETUP_FAILED', `${what} (writing ${part}): ${wayOut}.`, { cause: error });
  }
}

/** Whether the part is of the wanted file: by the hash that is checked at the end, else by the server's own tag. */
function fitsBegun(part: string, { sha256 }: Wanted): boolean {
  const before = begun(part);
  return sha256 !== undefined ? before.sha256 === sha256 : before.etag !== null;
}

function begun(part: string): Begun {
  try {
    const { sha256, etag } = JSON.parse(readFileSync(infoOf(part), 'utf8')) as Partial<Begun>;
    return { sha256: sha256 ?? null, etag: typeof etag === 'string' ? etag : null };
  } catch {
    return { sha256: null, etag: null };
  }
}

function strongTag({ headers }: Reply): string | null {
  const tag = headers['etag'];
  return tag === undefined || tag.startsWith('W/') ? null : tag;
}

const infoOf = (part: string): string => `${part}.json`;

function forget(part: string): void {
  rmSync(part, { force: true });
  rmSync(infoOf(part), { force: true });
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

async function hashOf(file: string): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(bytes as Buffer);
  return hash;
}
