/** The host: Node, platform, cache. */
import { accessSync, constants, statSync } from 'node:fs';
import os from 'node:os';
import { type Host, isCheckout } from '../native/index.js';
import { freeBytes, nearestFolder } from '../system/index.js';
import { oldestNode } from '../version.js';
import type { Finding } from './types.js';

/** @param version such as `20.19.4` */
export function checkNode(version: string, oldest = oldestNode()): Finding {
  const order = (text: string): number => {
    const [major = 0, minor = 0] = text.split('.').map(Number);
    return major * 1000 + minor;
  };
  if (order(version) >= order(oldest)) return { check: 'node', status: 'ok', summary: `Node ${version}` };
  return {
    check: 'node',
    status: 'failed',
    summary: `Node ${version}, but ${oldest} or newer is needed`,
    wayOut: `install Node ${oldest} or newer, from nodejs.org or with a version manager`,
  };
}

/** LibTorch comes for these; elsewhere there is nothing to build against. */
export function checkPlatform({ platform, arch, glibc }: Host): Finding {
  const gigabytes = (bytes: number): number => Math.round(bytes / 2 ** 28) / 4;
  const memory = {
    memoryGiB: gigabytes(os.totalmem()),
    freeGiB: gigabytes(os.freemem()),
    cores: os.availableParallelism(),
  };
  const wrong = (what: string, wayOut: string): Finding => ({
    check: 'platform',
    status: 'failed',
    summary: what,
    wayOut,
    facts: { platform, arch },
  });
  if (platform !== 'linux' && platform !== 'darwin') {
    return wrong(`${platform} is not supported`, 'use Linux (on Windows: WSL 2) or macOS');
  }
  if (arch !== 'x64' && arch !== 'arm64')
    return wrong(`processors of the kind ${arch} are not supported`, 'use x64 or arm64, with a 64-bit Node');
  if (platform === 'linux' && glibc === undefined) {
    return wrong(
      'this Linux has no glibc (Alpine has musl), and LibTorch needs it',
      'use a distribution with glibc, such as node:22-bookworm for a container',
    );
  }
  const libc = glibc === undefined ? '' : `, glibc ${glibc}`;
  const { cores, memoryGiB, freeGiB } = memory;
  const summary = `${platform} ${arch}${libc}, ${cores} cores, ${memoryGiB} GiB of memory (${freeGiB} free)`;
  return { check: 'platform', status: 'ok', summary, facts: { platform, arch, glibc: glibc ?? null, ...memory } };
}

/** MiB that a set-up writes: LibTorch for the CPU (192 MB of a wheel and 436 MB of it, or with pip all of torch), and a build. */
export const SPACE = { libtorch: isCheckout() ? 1500 : 700, build: 700 } as const;

/**
 * @param folder of the cache; it may not be there yet
 * @param needed MiB that a set-up would still write
 */
export function checkCache(folder: string, needed: number): Finding {
  const facts = { folder, neededMiB: needed };
  const failed = (summary: string, wayOut: string): Finding => ({
    check: 'cache',
    status: 'failed',
    summary,
    wayOut,
    facts,
  });
  const elsewhere = 'or name another folder with INVSEG_CACHE';
  try {
    const there = nearestFolder(folder);
    if (!statSync(there).isDirectory())
      return failed(`the cache cannot be in ${folder}: ${there} is a file`, `move the file, ${elsewhere}`);
    accessSync(there, constants.R_OK | constants.X_OK);
    // In a container the cache is part of the image, and whoever runs it need not be able to write there.
    if (needed === 0 && !isWritable(there))
      return { check: 'cache', status: 'ok', summary: `${folder}, read-only; nothing is to be written`, facts };
    accessSync(there, constants.W_OK);
    const free = Math.floor(freeBytes(there) / 2 ** 20);
    if (free < needed) {
      return failed(
        `${free} MiB are free for the cache ${folder}, and the set-up needs about ${needed}`,
        `make room, ${elsewhere}`,
      );
    }
    return { check: 'cache', status: 'ok', summary: `${folder}, ${free} MiB free`, facts: { ...facts, freeMiB: free } };
  } catch (error) {
    return failed(
      `the cache ${folder} cannot be used: ${(error as Error).message}`,
      `set its permissions right, ${elsewhere}`,
    );
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
