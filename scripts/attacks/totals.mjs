/** What was found so far in each reader, and a file of it, from which a run of hours goes on. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** @returns the result of no executions */
export const nothing = (name) => ({
  name,
  executions: 0,
  seconds: 0,
  accepted: 0,
  refused: 0,
  foreign: 0,
  unhandled: 0,
  polluted: false,
  slowest: 0,
  peakMiB: 0,
  examples: [],
});

/** @returns `sum` and the executions of `part` */
export function add(sum, part) {
  const out = { ...sum };
  for (const key of ['executions', 'seconds', 'accepted', 'refused', 'foreign', 'unhandled']) out[key] += part[key];
  for (const key of ['slowest', 'peakMiB']) out[key] = Math.max(sum[key], part[key]);
  out.seconds = Math.round(out.seconds * 10) / 10;
  out.polluted ||= part.polluted;
  out.examples = [...sum.examples, ...part.examples].slice(0, 3);
  return out;
}

export const isBad = ({ crashed, hung, foreign, polluted, unhandled }) =>
  Boolean(crashed || hung || polluted) || foreign > 0 || unhandled > 0;

/** Lines of JSON, each the result of a reader so far; the last one of a reader and a seed counts. */
export class State {
  #file;
  #seed;
  #found = new Map();

  /** @param file or undefined, which keeps nothing */
  constructor(file, seed) {
    this.#file = file;
    this.#seed = seed;
    if (file === undefined || !existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      let entry;
      try {
        entry = JSON.parse(line);
      } catch {
        continue; // the run was ended while it wrote
      }
      if (entry.seed === seed) this.#found.set(entry.result.name, entry.result);
    }
  }

  of(name) {
    return this.#found.get(name) ?? nothing(name);
  }

  keep(result) {
    if (this.#file !== undefined)
      appendFileSync(this.#file, `${JSON.stringify({ seed: this.#seed, at: new Date().toISOString(), result })}\n`);
  }
}
