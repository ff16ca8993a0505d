/** `dataset check`: what is there, what is missing, which protocol it gives, and what a sample looks like. */

import { record } from '../checks/index.js';
import { InvSegError } from '../errors.js';
import { Listener } from '../listener.js';
import type { Finding } from './check-remarks.js';
import { remarks } from './check-remarks.js';
import type { FileDataset } from './dataset.js';
import type { HistogramRow } from './histogram.js';
import { Histogram } from './histogram.js';
import { layouts } from './layouts.js';
import { openFiles } from './open.js';
import type { DatasetOptions } from './options.js';
import { resolveDatasetOptions } from './options.js';
import type { FoundPart } from './survey.js';
import { similarKinds, surveyLayout } from './survey.js';
import type { SkippedItem } from './types.js';

/** What `checkDataset` found. */
export interface DatasetCheck {
  /** Every listed image has its mask, and all of the sample could be read. */
  ok: boolean;
  /** Such as `PASCAL VOC 2012`. */
  title: string;
  /** As it was asked. */
  kind: DatasetOptions['kind'];
  /** Absolute, all links resolved, where the data set can be opened. */
  root: string;
  /** Name of the list; null where all images are taken. */
  split: string | null;
  /** Files and folders that the kind has, and whether they are there. */
  parts: FoundPart[];
  /** Null where the data set cannot be opened. */
  protocol: string | null;
  /** Number of classes, the background included where it is one; 0 where the data set cannot be opened. */
  classes: number;
  /** Ids of the list. */
  listed: number;
  /** Listed, but without image or mask. */
  incomplete: SkippedItem[];
  /** Masks of a sample; null where the data set cannot be opened. */
  sample: {
    /** Images whose masks were read. */
    pictures: number;
    /** Those whose masks could not be read. */
    failed: SkippedItem[];
    /** Pixels that do not count. */
    ignored: number;
    /** One row per class that occurs. */
    histogram: HistogramRow[];
  } | null;
  /** What a careful reader should know, each with a level. */
  findings: Finding[];
}

/** Options of `checkDataset`. */
export interface CheckOptions {
  /** Number of images whose masks are read, spread evenly over the list; default 50. */
  sample?: number;
  /** Ends the check with the code `ABORTED`. */
  signal?: AbortSignal | undefined;
  /** Called before each image. What it throws, or its promise is rejected with, ends the check. */
  onProgress?(stage: 'looking up' | 'reading', done: number, total: number): void;
}

/**
 * Looks at a data set: what is there, what is missing, which protocol it gives, and what its masks hold.
 *
 * @param options of the data set
 * @param given size of the sample, signal, progress
 * @returns what was found; what is wrong with the data set is in it, not an error
 * @throws {InvSegError} `INVALID_OPTION`, `ABORTED`
 * @example
 * ```ts
 * import { checkDataset } from 'invseg-native/datasets';
 *
 * const { ok, protocol, findings } = await checkDataset({ kind: 'voc', root: 'VOCdevkit' }, { sample: 20 });
 * console.log(ok, protocol);
 * for (const { level, text } of findings) console.log(level, text);
 * ```
 */
export async function checkDataset(options: DatasetOptions, given: CheckOptions = {}): Promise<DatasetCheck> {
  record(given, 'options', 'an object with sample, signal or onProgress');
  const { sample = 50, signal, onProgress } = given;
  const { kind, root, links, split: named } = resolveDatasetOptions(options);
  const layout = layouts[kind];
  const split =
    kind === 'coco' && named !== undefined && ['val', 'train'].includes(named)
      ? `${named}2017`
      : (named ?? layout.defaultSplit);
  const findings: Finding[] = [];
  const listener: Telling = new Listener(onProgress);
  const check: DatasetCheck = {
    ok: false,
    title: layout.title,
    kind,
    root,
    split: split ?? null,
    parts: [],
    protocol: null,
    classes: 0,
    listed: 0,
    incomplete: [],
    sample: null,
    findings,
  };
  const dataset = await attempt(findings, async () => {
    check.parts = await surveyLayout(kind, root, split, links);
    return openFiles({ ...options, onProblem: 'skip' });
  });
  if (!dataset) {
    for (const other of await similarKinds(kind, root, links)) {
      findings.push({ level: 'note', text: `the folder looks like the kind ${other} (--kind ${other})` });
    }
    return check;
  }
  check.root = dataset.root;
  check.protocol = dataset.protocol;
  check.classes = dataset.classes.length;
  check.listed = dataset.ids.length;
  const stop = (): void => {
    if (signal?.aborted) throw new InvSegError('ABORTED', 'Interrupted while the data set was checked');
  };
  check.incomplete = [...dataset.skipped, ...(await lookUpAll(dataset, stop, listener))];
  const { histogram, ...read } = await readSample(dataset, sample, stop, listener);
  await listener.settle();
  check.sample = { ...read, ignored: histogram.ignored, histogram: histogram.rows(dataset.classes) };
  findings.push(...(await remarks({ dataset, histogram, split, options })));
  check.ok =
    check.incomplete.length === 0 && read.failed.length === 0 && findings.every(({ level }) => level !== 'error');
  return check;
}

async function attempt<T>(findings: Finding[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InvSegError) || error.code === 'INVALID_OPTION') throw error;
    findings.push({ level: 'error', code: error.code, text: error.message });
    return undefined;
  }
}

/** Problems of single images; what is no problem of the data set is thrown. */
async function problem(id: string, work: () => Promise<unknown>): Promise<SkippedItem | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof InvSegError)) throw error;
    return { id, code: error.code, message: error.message };
  }
}

type Telling = Listener<['looking up' | 'reading', number, number]>;

async function lookUpAll(dataset: FileDataset, stop: () => void, listener: Telling): Promise<SkippedItem[]> {
  const problems: SkippedItem[] = [];
  for (const [i, id] of dataset.ids.entries()) {
    stop();
    listener.tell('looking up', i, dataset.ids.length);
    const found = await problem(id, () => dataset.locate(id));
    if (found) problems.push(found);
  }
  return problems;
}

async function readSample(dataset: FileDataset, size: number, stop: () => void, listener: Telling) {
  const { ids } = dataset;
  const pictures = Math.min(size, ids.length);
  const histogram = new Histogram();
  const failed: SkippedItem[] = [];
  for (let i = 0; i < pictures; i++) {
    stop();
    listener.tell('reading', i, pictures);
    const id = ids[Math.floor((i * ids.length) / pictures)]!;
    const found = await problem(id, async () => histogram.add((await (await dataset.item(id)).loadMask()).labels));
    if (found) failed.push(found);
  }
  return { pictures, failed, histogram };
}
