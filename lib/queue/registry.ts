/** The runs that are in Redis: one hash, queue → what is computed for whom. Pictures name their run by a hash only. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import type { RunSettings } from '../evaluation/types.js';
import { InvSegError } from '../errors.js';

/** Of every key in Redis. */
export const PREFIX = 'invseg';
const RUNS = `${PREFIX}:runs`;

export interface RunEntry {
  settings: RunSettings;
  /** When its evaluator last was there, milliseconds since 1970. */
  seen: number;
}

/** One value for the settings of a run; a worker computes it from what it read. */
export const settingsHash = (settings: RunSettings): string => createHash('sha256').update(JSON.stringify(settings)).digest('hex');

/** The same for an evaluator that is started again, another one for another run, or another folder or host. */
export function runName(settings: RunSettings, out: string): string {
  const hash = createHash('sha256').update(`${settingsHash(settings)}\n${hostname()}\n${path.resolve(out)}`).digest('hex');
  return `${settings.dataset}-${hash.slice(0, 12)}`;
}

/** @throws {InvSegError} `INVALID_OPTION`: a name is part of a key */
export function checkName(name: string): string {
  if (/^[\w.-]{1,100}$/.test(name)) return name;
  throw new InvSegError('INVALID_OPTION', `Expected letters, digits, - . or _ for queue-name but received ${JSON.stringify(name)}`);
}

export class Registry {
  readonly #client: Pick<Redis, 'hgetall' | 'hget' | 'hset' | 'hdel'>;

  constructor(client: Pick<Redis, 'hgetall' | 'hget' | 'hset' | 'hdel'>) {
    this.#client = client;
  }

  async list(): Promise<Map<string, RunEntry>> {
    const runs = new Map<string, RunEntry>();
    for (const [name, text] of Object.entries(await this.#client.hgetall(RUNS))) {
      const entry = read(text);
      if (entry) runs.set(name, entry);
    }
    return runs;
  }

  async get(name: string): Promise<RunEntry | undefined> {
    const text = await this.#client.hget(RUNS, name);
    return text === null ? undefined : read(text);
  }

  async put(name: string, settings: RunSettings): Promise<void> {
    await this.#client.hset(RUNS, name, JSON.stringify({ settings, seen: Date.now() } satisfies RunEntry));
  }

  async remove(name: string): Promise<void> {
    await this.#client.hdel(RUNS, name);
  }
}

/** What another program or version wrote there is none of ours. */
function read(text: string): RunEntry | undefined {
  try {
    const value = JSON.parse(text) as RunEntry;
    return typeof value.settings === 'object' && value.settings !== null && typeof value.seen === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}
