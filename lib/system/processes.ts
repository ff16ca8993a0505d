/** Which process this is, and whether another one that left its name somewhere still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process for good: the system uses a number again some day, and never with the same start. */
export interface ProcessId {
  /** For people; several machines may have one name. */
  host: string;
  /** The table of processes that `pid` belongs to. Two containers of one host have two. */
  place: string;
  pid: number;
  /** In the system's own units; null where it does not tell. */
  started: string | null;
}

/** `unknown`: it runs elsewhere, or the system tells too little. */
export type Liveness = 'alive' | 'dead' | 'unknown';

let self: ProcessId | undefined;

export function ownProcess(): ProcessId {
  const { pid } = process;
  return (self ??= { host: hostname(), place: ownPlace(), pid, started: statOf(pid)?.started ?? null });
}

/**
 * A zombie is dead: it has ended, and only its parent, which in a container may never do so, has not asked how.
 * A process with the number but another start is another one.
 */
export function livenessOf({ place, pid, started }: ProcessId): Liveness {
  if (place !== ownProcess().place) return 'unknown';
  const stat = statOf(pid);
  if (stat) {
    if ('ZXx'.includes(stat.state)) return 'dead';
    if (started === null) return 'unknown';
    return stat.started === started ? 'alive' : 'dead';
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
  }
  return 'unknown';
}

/**
 * Linux alone says so: fields 3 and 22 of `stat`, counted after the name, which may hold spaces and brackets itself.
 */
function statOf(pid: number): { state: string; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, started: fields[19]! };
  } catch {
    return undefined;
  }
}

function ownPlace(): string {
  const ask = (what: () => string): string => {
    try {
      return what().trim();
    } catch {
      return '';
    }
  };
  const boot = ask(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  return `${hostname()} ${boot} ${ask(() => readlinkSync('/proc/self/ns/pid'))}`.trim();
}
