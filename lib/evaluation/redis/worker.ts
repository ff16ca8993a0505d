/** A worker: finds the runs that its model and its data fit, and takes their pictures until it is told to end. */
import { hostname } from 'node:os';
import type { Worker } from 'bullmq';
import { InvSegError } from '../../errors.js';
import type { NameSource } from '../../names/index.js';
import { ClassIndex } from '../class-index.js';
import type { PictureTask } from '../picture.js';
import { RemoteEngine } from '../remote.js';
import type { RunSettings } from '../types.js';
import type { WorkerFacts } from './check.js';
import { refusals } from './check.js';
import type { JobData, JobResult } from './jobs.js';
import { MOST_STALLS } from './jobs.js';
import type { RedisLink } from './link.js';
import { PictureProcessor } from './processor.js';
import type { RunEntry } from './registry.js';
import { PREFIX, Registry, settingsHash } from './registry.js';
import { pause, unlessAborted } from './wait.js';

export interface WorkOptions {
  link: RedisLink;
  segmenter: PictureTask['segmenter'];
  source: NameSource;
  /** With `source` and `segmenter`: what is compared with a run's settings. */
  facts: WorkerFacts;
  /** Only this run, and an error where it does not fit; default every run that does. */
  queueName?: string | undefined;
  /** Pictures in one pass of the engine. */
  batch: number;
  /** Pictures that are read while the engine works. */
  prefetch: number;
  /** Silence after which a worker's pictures are taken over, milliseconds. */
  takeOver: number;
  /** End after so long without a picture, milliseconds; default never. While a run is open, at least twice `takeOver`. */
  idle?: number | undefined;
  signal: AbortSignal;
  onNote: (text: string) => void;
}

/** Between two looks for runs, milliseconds. */
const LOOK = 1_000;
/** Runs that are served at the same time. */
const MOST_RUNS = 16;
/** Redis came back: how soon the worker asks again, milliseconds. */
const RETRY = 1_000;

interface Served {
  hash: string;
  worker: Worker<JobData, JobResult>;
  processor: PictureProcessor;
}

/** Who took a picture, in messages. */
const WORKER_NAME = `${hostname()}:${process.pid}`;

/**
 * @returns pictures that it worked on
 * @throws {InvSegError} `INVALID_OPTION` where `queueName` is a run that it may not take part in; `WORKER_LOST` where its engine fails
 * time after time
 */
export async function serveQueue(options: WorkOptions): Promise<number> {
  const { link, signal, idle, takeOver } = options;
  const registry = new Registry(link.client);
  const served = new Map<string, Served>();
  const refused = new Set<string>();
  const engineOf = engines(options);
  let [pictures, last] = [0, Date.now()];
  const ends: InvSegError[] = [];
  const onPicture = (): void => {
    pictures++;
    last = Date.now();
  };
  try {
    while (!signal.aborted && ends.length === 0) {
      const runs = await unlessAborted(registry.list(), signal);
      await settle(served, runs, options);
      for (const [name, { settings }] of chosen(runs, options.queueName)) {
        const hash = settingsHash(settings);
        if (served.has(name) || refused.has(hash)) continue;
        const reasons = refusals(settings, options.facts);
        if (reasons.length > 0) refuse(name, hash, reasons, refused, options);
        // Each has connections of its own; the others wait until one of them has ended.
        else if (served.size < MOST_RUNS)
          served.set(
            name,
            serve(name, settings, options, {
              engine: engineOf(settings),
              onPicture,
              onEnd: (error) => ends.push(error),
            }),
          );
      }
      if ([...served.values()].some(({ processor }) => processor.inHand > 0)) last = Date.now();
      // While a run is open: pictures of a worker that has gone come back only after the silence.
      const least = served.size > 0 ? 2 * takeOver + LOOK : 0;
      if (idle !== undefined && Date.now() - last >= Math.max(idle, least)) break;
      await pause(LOOK, signal);
    }
  } catch (error) {
    if (!signal.aborted)
      throw error instanceof InvSegError
        ? error
        : new InvSegError('QUEUE_FAILED', `${link.url.shown}: ${link.url.mask((error as Error).message)}`);
  } finally {
    // Pictures in hand are finished; the rest waits for other workers.
    await Promise.all([...served.keys()].map((name) => stop(name, served, link)));
  }
  if (ends[0]) throw ends[0];
  return pictures;
}

function chosen(runs: ReadonlyMap<string, RunEntry>, name: string | undefined): [string, RunEntry][] {
  // Those whose evaluator is there come first: what others left does not keep them waiting.
  return [...runs].filter(([one]) => name === undefined || one === name).sort(([, a], [, b]) => b.seen - a.seen);
}

/** Leaves the runs that have ended, or that are others under the same name. */
async function settle(
  served: Map<string, Served>,
  runs: ReadonlyMap<string, RunEntry>,
  { link, onNote }: WorkOptions,
): Promise<void> {
  for (const [name, { hash }] of served) {
    const entry = runs.get(name);
    if (entry && settingsHash(entry.settings) === hash) continue;
    await stop(name, served, link);
    onNote(`${name}: the run has ended`);
  }
}

/** One engine for all runs: their pictures take turns in it. */
function engines({ segmenter, source, facts, batch }: WorkOptions): (settings: RunSettings) => RemoteEngine {
  const { dataset } = facts;
  const classIndex = new ClassIndex(dataset);
  const turns = RemoteEngine.turns();
  return ({ options }) =>
    new RemoteEngine({ segmenter, dataset, names: source, classIndex, options, batch, signal: undefined }, turns);
}

interface Serving {
  engine: RemoteEngine;
  onPicture: () => void;
  onEnd: (error: InvSegError) => void;
}

function serve(
  name: string,
  settings: RunSettings,
  { link, batch, prefetch, takeOver, onNote }: WorkOptions,
  { engine, onPicture, onEnd }: Serving,
): Served {
  const hash = settingsHash(settings);
  const processor = new PictureProcessor({ engine, run: hash, worker: WORKER_NAME, onPicture, onEnd });
  const worker = new link.bullmq.Worker<JobData, JobResult>(name, (job) => processor.process(job), {
    connection: link.client,
    prefix: PREFIX,
    name: WORKER_NAME,
    concurrency: batch + prefetch,
    lockDuration: takeOver,
    stalledInterval: takeOver,
    maxStalledCount: MOST_STALLS,
    runRetryDelay: RETRY,
  });
  worker.on('error', link.hear);
  onNote(`${name}: taking images (${settings.dataset}, ${settings.pictures} images, ${settings.options.method})`);
  return { hash, worker, processor };
}

function refuse(
  name: string,
  hash: string,
  reasons: readonly string[],
  refused: Set<string>,
  { queueName, onNote }: WorkOptions,
): void {
  const text = `${name}: this worker cannot join, because its results would differ\n${reasons.map((reason) => `  ${reason}`).join('\n')}`;
  if (queueName !== undefined) throw new InvSegError('INVALID_OPTION', text);
  refused.add(hash);
  onNote(text);
}

/** Waits for the pictures in hand, unless Redis, which is to have them, is away. */
async function stop(name: string, served: Map<string, Served>, link: RedisLink): Promise<void> {
  const one = served.get(name);
  served.delete(name);
  await one?.worker.close(link.away).catch(link.hear);
  if (!link.away) await tidy(name, link).catch(link.hear);
}

/** BullMQ's look for stalled pictures leaves a few bytes, also after the evaluator removed all that the run had. */
async function tidy(name: string, { client }: RedisLink): Promise<void> {
  if (await new Registry(client).get(name)) return;
  await client.del(['meta', 'events', 'stalled', 'stalled-check', 'marker'].map((key) => `${PREFIX}:${name}:${key}`));
}
