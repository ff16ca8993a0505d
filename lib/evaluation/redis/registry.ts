/** The runs that are in Redis: one hash, queue → what is computed for whom. Pictures name their run by a hash only. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import type { Redis } from 'ioredis';
import { InvSegError } from '../../errors.js';
import { parseJson } from '../../system/index.js';
import type { RunSettings } from '../types.js';

/** Of every key in Redis. */
export const PREFIX = 'invseg';
const RUNS = `${PREFIX}:runs`;

export interface RunEntry {
  settings: RunSettings;
  /** When its evaluator last was there, milliseconds since 1970. */
  seen: number;
}

/** One value for the settings of a run; a worker computes it from what it read. */
export const settingsHash = (settings: RunSettings): string =>
  createHash('sha256').update(JSON.stringify(settings)).digest('hex');

/** The same for an evaluator that is started again, another one for another run, or another folder or host. */
export function runName(settings: RunSettings, out: string): string {
  const hash = createHash('sha256')
    .update(`${settingsHash(settings)}\n${hostname()}\n${path.resolve(out)}`)
    .digest('hex');
  return `${settings.dataset}-${hash.slice(0, 12)}`;
}

type Client = Pick<Redis, 'hscan' | 'hget' | 'hset' | 'hdel'>;

/** Entries that are looked at. */
const MOST_ENTRIES = 1000;
const PAGE = 200;
/** Characters of an entry: classes, and the lines of a list that are left out. */
const MOST_CHARACTERS = 2 ** 22;

const isName = (name: string): boolean => /^[\w.-]{1,100}$/.test(name);

/** @throws {InvSegError} `INVALID_OPTION`: a name is part of a key */
export function checkName(name: string): string {
  if (isName(name)) return name;
  throw new InvSegError(
    'INVALID_OPTION',
    `Expected letters, digits, - . or _ for queue-name but received ${JSON.stringify(name)}`,
  );
}

export class Registry {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Those that can be read, at most `MOST_ENTRIES`. */
  async list(): Promise<Map<string, RunEntry>> {
    const runs = new Map<string, RunEntry>();
    let [cursor, seen] = ['0', 0];
    do {
      const [next, page] = await this.#client.hscan(RUNS, cursor, 'COUNT', PAGE);
      for (let i = 0; i + 1 < page.length && seen < MOST_ENTRIES; i += 2, seen++) {
        const entry = isName(page[i]!) ? read(page[i + 1]!) : undefined;
        if (entry) runs.set(page[i]!, entry);
      }
      cursor = next;
    } while (cursor !== '0' && seen < MOST_ENTRIES);
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

/** What another program wrote there is none of ours; what another version did keeps its name, and is looked at by `check.ts`. */
function read(text: string): RunEntry | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  try {
    const { settings, seen } = parseJson(text) as RunEntry;
    return typeof settings === 'object' && settings !== null && Number.isFinite(seen) ? { settings, seen } : undefined;
  } catch {
    return undefined;
  }
}
