/** The places where a LibTorch may lie, looked at one after the other. Nothing of torch is loaded or imported. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { InvSegError } from '../errors.js';
import { type Attempt, installedRoot, type Libtorch, type LibtorchSource } from './libtorch-folder.js';
import { libtorchCache } from './places.js';

export interface LibtorchSearch {
  found: Libtorch | undefined;
  attempts: Attempt[];
}

/** Version and Python of the LibTorch in `root`, or why it does not do. */
export type Inspect = (root: string) => { version: string; python: string | null } | string;

/** Each look is kept in `attempts`, whatever it found. */
export class Places {
  readonly attempts: Attempt[] = [];
  readonly #inspect: Inspect;
  readonly #env: NodeJS.ProcessEnv;

  constructor(inspect: Inspect, env: NodeJS.ProcessEnv) {
    this.#inspect = inspect;
    this.#env = env;
  }

  /** @param none what is said where there is no `root` to look at */
  look(source: LibtorchSource, root: string | undefined, place = root ?? '', none = ''): Libtorch | undefined {
    const inspected = root === undefined ? none : this.#inspect(root);
    const taken = typeof inspected !== 'string';
    this.attempts.push({ source, place, outcome: taken ? `LibTorch ${inspected.version}` : inspected });
    return taken ? { root: path.resolve(root as string), ...inspected, source } : undefined;
  }

  /**
   * Those that somebody named: option, `INVSEG_LIBTORCH`, `LIBTORCH`. The last one is set for other programs too and may not fit.
   *
   * @throws {InvSegError} what `refuse` makes of one of the first two that does not do: taking another one would hide the mistake
   */
  named(
    option: string | undefined,
    refuse: (source: LibtorchSource, place: string, attempts: readonly Attempt[]) => InvSegError,
  ): Libtorch | undefined {
    for (const [source, place] of named(option, this.#env)) {
      const found = this.look(source, place);
      if (found) return found;
      if (source !== 'LIBTORCH') throw refuse(source, place, this.attempts);
    }
    return undefined;
  }

  /** The cache of set-ups: the pinned release, then others, the newest first. */
  cached(): Libtorch | undefined {
    const cache = libtorchCache(this.#env);
    for (const folder of [cache, ...otherReleases(cache)]) {
      const found = this.look('cache', installedRoot(folder), folder, 'no finished installation');
      if (found) return found;
    }
    return undefined;
  }

  /** python3's torch. */
  python(): Libtorch | undefined {
    const { executable, torch, reason } = askPython(this.#env);
    const own = this.look('python3', torch, executable ?? 'python3', reason);
    return own && { ...own, python: executable ?? own.python };
  }
}

/** The places that somebody named, in order. */
export function named(option: string | undefined, env: NodeJS.ProcessEnv): [LibtorchSource, string][] {
  const places: [LibtorchSource, string | undefined][] = [
    ['option', option],
    ['INVSEG_LIBTORCH', env['INVSEG_LIBTORCH']],
    ['LIBTORCH', env['LIBTORCH']],
  ];
  return places.filter((entry): entry is [LibtorchSource, string] => Boolean(entry[1]));
}

/** Installations beside the pinned one, as `invseg setup --wheel` makes them, the newest first. */
function otherReleases(cache: string): string[] {
  const folder = path.dirname(cache);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+\.\d+\.\d+$/.test(name) && name !== path.basename(cache))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => path.join(folder, name));
}

interface PythonAnswer {
  executable?: string;
  torch?: string;
  reason: string;
}

/** Where python3 would import torch from; find_spec does not import it, which would take seconds. */
function askPython(env: NodeJS.ProcessEnv): PythonAnswer {
  const question =
    'import importlib.util, json, os, sys\n' +
    's = importlib.util.find_spec("torch")\n' +
    'print(json.dumps([sys.executable, os.path.dirname(s.origin) if s and s.origin else None]))';
  try {
    const answer = execFileSync('python3', ['-c', question], {
      env,
      timeout: 30_000,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [executable, torch] = JSON.parse(answer) as [string, string | null];
    return torch === null ? { executable, reason: 'has no torch' } : { executable, torch, reason: '' };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { reason: missing ? 'not on the PATH' : `did not answer: ${(error as Error).message.split('\n')[0]}` };
  }
}
